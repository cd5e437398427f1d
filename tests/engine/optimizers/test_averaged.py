"""Averaged models and exact BatchNorm statistics, with the numbers of the reference environment.

``data/averages.json`` holds for each case of ``optim_cases.AVERAGES`` the fingerprint of the average after::

    model = TinyNet()
    wrapper = build_optim_wrapper(model, dict(optimizer=SGD))
    average = MODELS.get(kind)(model, **arguments)  # max_iters = STEPS in the message hub
    train(wrapper, model, after_step=lambda: average.update_parameters(model))

and as ``precise_bn`` that of ``TinyNet`` after ``update_bn_stats(model, loader, num_samples=19)`` with
six batches.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from mmpretrain.engine.hooks.precise_bn import update_bn_stats
from mmpretrain.engine.optimizers import build_optim_wrapper
from mmpretrain.errors import ConfigError
from mmpretrain.models.averaged import BaseAveragedModel, CosineEMA, ExponentialMovingAverage
from mmpretrain.registry import MODELS
from tests.engine.optimizers.optim_cases import AVERAGES, SGD, STEPS, TinyNet, batch, fingerprint, train

REFERENCE = json.loads((Path(__file__).parent / "data" / "averages.json").read_text())


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


class Loader(list):
    batch_size = 4


def bn_model():
    model = TinyNet()
    model.data_preprocessor = lambda data, training: data  # type: ignore[assignment]
    return model


def test_precise_bn_numbers():
    model = bn_model()
    update_bn_stats(model, Loader({"x": batch(step)[0]} for step in range(6)), num_samples=19)
    assert fingerprint(model) == pytest.approx(REFERENCE["precise_bn"], rel=1e-5, abs=1e-6)
    assert [m.momentum for m in model.modules() if isinstance(m, nn.BatchNorm2d)] == [0.1, 0.1]


def test_precise_bn_without_anything_to_do(caplog):
    loader = Loader([{"x": batch(0)[0]}])
    update_bn_stats(bn_model().eval(), loader)
    update_bn_stats(bn_model(), loader, num_samples=3)
    assert "no BatchNorm" in caplog.text
    assert "less than one batch" in caplog.text


def test_old_import():
    from mmpretrain.models import utils

    assert utils.CosineEMA is CosineEMA
    assert all(getattr(utils, name).__name__ == name for name in utils._MOVED)
