"""Tests of :mod:`mmpretrain.engine.runner.speed`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.engine.runner import speed
from mmpretrain.errors import ConfigError
from tests.engine import tiny
from tests.engine.runner.speed_cases import losses


def test_compile_keeps_names_and_numbers(make_runner):
    plain, straight = losses(make_runner)
    compiled, runner = losses(make_runner, compile=dict(backend="eager"))
    assert compiled == pytest.approx(plain, rel=1e-5)
    assert runner.model.state_dict().keys() == straight.model.state_dict().keys()
    assert runner.model.backbone._compiled_call_impl is not None


def test_compile_the_whole_step(make_runner):
    plain, _ = losses(make_runner)
    compiled, _ = losses(make_runner, compile=dict(backend="eager", target="train_step"))
    assert compiled == pytest.approx(plain, rel=1e-5)


def test_activation_checkpointing_saves_activations(make_runner, monkeypatch):
    plain, straight = losses(make_runner)
    again, runner = losses(make_runner, activation_checkpointing=["backbone"])
    assert again == pytest.approx(plain, rel=1e-5)
    assert runner.model.state_dict().keys() == straight.model.state_dict().keys()
    calls = []
    linear = torch.nn.functional.linear
    monkeypatch.setattr(torch.nn.functional, "linear", lambda *args: calls.append(1) or linear(*args))
    runner.model.backbone(torch.rand(4, 4)).sum().backward()
    assert len(calls) == 2, "once forward, and once again for the backward pass"


def test_unknown_modules_are_named(make_runner):
    with pytest.raises(ConfigError, match="Did you mean 'backbone'"):
        speed.compile_model(tiny.TinyModel(), dict(target="bakbone"))
    with pytest.raises(ConfigError, match=r"no module \{\}"):
        speed.checkpoint_activations(tiny.TinyModel(), [{}])


def test_compile_without_a_compiler():
    from torch._inductor import config

    without = config.patch({"cpp.cxx": (None, "/no/g++")})
    with (
        without,
        pytest.raises(ConfigError, match=r"needs a C\+\+ compiler, and there is none. Install g\+\+"),
    ):
        speed.compile_model(tiny.TinyModel(), True)
