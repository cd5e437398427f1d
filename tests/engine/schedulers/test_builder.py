"""Tests of :mod:`mmpretrain.engine.schedulers.builder`."""

from __future__ import annotations

import pytest

from mmpretrain.engine.optimizers import OptimWrapperDict
from mmpretrain.engine.schedulers import build_param_schedulers
from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.registry import PARAM_SCHEDULERS
from tests.engine.schedulers.building import schedulers_of, wrapper_of
from tests.engine.schedulers.scheduler_cases import (
    ADAM,
    SGD,
)


def test_misspelt_argument_is_found_before_building():
    with pytest.raises(
        ArgumentError, match=r"CosineAnnealingLR has no argument 'T_mx'\. Did you mean 'T_max'"
    ):
        PARAM_SCHEDULERS.build(
            {"type": "CosineAnnealingLR", "T_mx": 3}, default_args={"optimizer": wrapper_of(SGD)}
        )
    with pytest.raises(ArgumentError, match="start_factr"):
        schedulers_of(
            wrapper_of(SGD), {"type": "LinearLR", "start_factr": 0.1, "convert_to_iter_based": True}
        )


def test_conversion_needs_epochs():
    with pytest.raises(ConfigError, match="loop over epochs"):
        build_param_schedulers(
            {"type": "StepLR", "step_size": 1, "convert_to_iter_based": True}, wrapper_of(SGD), max_iters=10
        )


def test_several_optimizers():
    wrappers = OptimWrapperDict(a=wrapper_of(SGD), b=wrapper_of(ADAM))
    same = build_param_schedulers([{"type": "StepLR", "step_size": 1}], wrappers, max_epochs=3)
    each = build_param_schedulers({"b": {"type": "StepLR", "step_size": 1}}, wrappers, max_epochs=3)
    assert isinstance(same, dict)
    assert isinstance(each, dict)
    assert [len(items) for items in same.values()] == [1, 1]
    assert {name: len(items) for name, items in each.items()} == {"a": 0, "b": 1}
    assert same["a"][0].end == 3


def test_built_schedulers_and_none():
    wrapper = wrapper_of(SGD)
    scheduler = schedulers_of(wrapper, {"type": "StepLR", "step_size": 1})[0]
    assert schedulers_of(wrapper, [scheduler]) == [scheduler]
    assert schedulers_of(wrapper, None) == []
