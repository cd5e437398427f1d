"""Tests of :mod:`mmpretrain.engine.schedulers.plateau`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.registry import PARAM_SCHEDULERS
from tests.engine.schedulers.building import REFERENCE, schedulers_of, wrapper_of
from tests.engine.schedulers.scheduler_cases import (
    METRICS,
    PLATEAU,
    SGD,
)


@pytest.mark.parametrize("name", PLATEAU)
def test_reference_plateaus(name):
    optimizer, cfg = PLATEAU[name]
    wrapper = wrapper_of(optimizer)
    scheduler = PARAM_SCHEDULERS.build(cfg, default_args={"optimizer": wrapper})
    for metric, expected in zip(METRICS, REFERENCE[name]):
        scheduler.step()
        scheduler.step({"acc": metric})
        group = wrapper.param_groups[0]
        assert [group["lr"], group["momentum"]] == pytest.approx(expected)


def test_plateau_needs_its_metric():
    scheduler = schedulers_of(wrapper_of(SGD), {"type": "ReduceOnPlateauLR", "monitor": "acc"})[0]
    assert scheduler.need_val_args
    with pytest.raises(ConfigError, match=r"watches 'acc', .* does not report\. It reports: loss"):
        scheduler.step({"loss": 1.0})
