"""Tests of :mod:`mmpretrain.models.averaged`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.engine.optimizers import build_optim_wrapper
from mmpretrain.errors import ConfigError
from mmpretrain.models.averaged import BaseAveragedModel, CosineEMA, ExponentialMovingAverage
from mmpretrain.registry import MODELS
from tests.engine.optimizers.averaged_cases import REFERENCE
from tests.engine.optimizers.optim_cases import AVERAGES, SGD, STEPS, TinyNet, batch, fingerprint, train


@pytest.mark.parametrize("name", AVERAGES)
def test_reference_averages(name):
    kind, arguments = AVERAGES[name]
    model = TinyNet()
    wrapper = build_optim_wrapper(model, {"optimizer": SGD})
    average = MODELS.build({"type": kind, **arguments}, default_args={"model": model})
    if isinstance(average, CosineEMA):
        average.set_max_iters(STEPS)
    train(wrapper, model, after_step=lambda: average.update_parameters(model))
    assert fingerprint(average.module) == pytest.approx(REFERENCE[name], rel=1e-5, abs=1e-6)
    assert int(average.steps) == STEPS
    images = batch(0)[0]
    assert torch.equal(average.eval()(images), average.module(images))


def test_state_goes_on_where_it_was():
    model = TinyNet()
    one = ExponentialMovingAverage(model, momentum=0.1)
    train(build_optim_wrapper(model, {"optimizer": SGD}), model, 3, lambda: one.update_parameters(model))
    two = ExponentialMovingAverage(TinyNet(), momentum=0.1)
    two.load_state_dict(one.state_dict())
    for average in (one, two):
        average.update_parameters(model)
    assert fingerprint(one) == fingerprint(two)


def test_custom_average_of_1x():
    class Latest(BaseAveragedModel):
        def avg_func(self, averaged_param, source_param, steps):
            averaged_param.copy_(source_param)

    model = TinyNet()
    average = Latest(model)
    for _ in range(2):
        with torch.no_grad():
            model.head.weight += 1
        average.update_parameters(model)
    assert torch.equal(average.module.head.weight, model.head.weight)
    assert not any(param.requires_grad for param in average.parameters())


@pytest.mark.parametrize("momentum", [0.0, 1.0, -1])
def test_wrong_momentum(momentum):
    with pytest.raises(ConfigError, match="between 0 and 1"):
        ExponentialMovingAverage(nn.Linear(1, 1), momentum=momentum)


def test_momentum_the_wrong_way_round(caplog):
    ExponentialMovingAverage(nn.Linear(1, 1), momentum=0.999)
    assert "weight of the new value" in caplog.text


def test_cosine_needs_the_length_of_the_run():
    model = nn.Linear(1, 1)
    average = CosineEMA(model)
    average.update_parameters(model)
    with pytest.raises(ConfigError, match="set_max_iters"):
        average.update_parameters(model)


def test_old_import():
    from mmpretrain.models import utils

    assert utils.CosineEMA is CosineEMA
    assert all(getattr(utils, name).__name__ == name for name in utils._MOVED)
