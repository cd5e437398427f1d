"""Tests of :mod:`mmpretrain.engine.optimizers.amp`."""

from __future__ import annotations

import pytest
import torch

from tests.engine.optimizers.building import wrap
from tests.engine.optimizers.optim_cases import (
    TinyNet,
    batch,
    train,
)


def test_amp_trains_on_the_cpu(make_runner):
    wrapper = dict(type="AmpOptimWrapper", dtype="bfloat16", optimizer=dict(type="SGD", lr=0.1))
    runner = make_runner(optim_wrapper=wrapper)
    runner.train()
    losses = runner.message_hub.get_scalar("train/loss").data[0]
    assert losses[-4:].mean() < losses[:4].mean()
    assert runner.model.head.weight.dtype == torch.float32


@pytest.mark.parametrize("dtype", ["bfloat16", torch.bfloat16, None])
def test_amp_on_the_cpu(dtype):
    model, plain = TinyNet(), TinyNet()
    wrapper = wrap(model, type="AmpOptimWrapper", dtype=dtype, clip_grad={"max_norm": 5.0})
    seen = []
    model.head.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    losses = train(wrapper, model)
    assert set(seen) == {torch.bfloat16}
    assert losses == pytest.approx(train(wrap(plain, clip_grad={"max_norm": 5.0}), plain), rel=0.03)
    assert losses != train(wrap(TinyNet()), TinyNet())


def test_amp_skips_infinite_gradients_and_saves_its_scale():
    model = TinyNet()
    wrapper = wrap(model, type="AmpOptimWrapper", loss_scale={"init_scale": 8.0, "growth_interval": 2})
    before = [param.clone() for param in model.parameters()]
    wrapper.update_params(model(batch(0)[0]).sum() * float("inf"))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))
    assert wrapper.loss_scaler.get_scale() == 4.0
    other = wrap(TinyNet(), type="AmpOptimWrapper")
    other.load_state_dict(wrapper.state_dict())
    assert other.loss_scaler.get_scale() == 4.0
    other.load_state_dict(wrap(TinyNet()).state_dict())  # a run without mixed precision


def test_amp_fixed_scale():
    model = TinyNet()
    wrapper = wrap(model, type="AmpOptimWrapper", loss_scale=512.0)
    train(wrapper, model)
    assert wrapper.loss_scaler.get_scale() == 512.0
    with pytest.raises(TypeError, match="loss_scale"):
        wrap(model, type="AmpOptimWrapper", loss_scale="static")
