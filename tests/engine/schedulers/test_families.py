"""Tests of :mod:`mmpretrain.engine.schedulers.families`."""

from __future__ import annotations

import gzip
import inspect
import json

import pytest

from mmpretrain.engine.schedulers import ParamScheduler
from mmpretrain.errors import ConfigError
from mmpretrain.registry import PARAM_SCHEDULERS
from tests.engine.schedulers.building import FACTS, schedulers_of, wrapper_of


def test_all_schedulers_of_the_reference_are_here():
    components = json.loads(gzip.decompress((FACTS / "components.json.gz").read_bytes()))
    names = [*components["mmengine.PARAM_SCHEDULERS"], *components["mmpretrain.PARAM_SCHEDULERS"]]
    assert len(names) == 30
    for name in names:
        kind = PARAM_SCHEDULERS.get(name)
        assert issubclass(kind, ParamScheduler), name
        assert kind.__name__ == name
        parameters = inspect.signature(kind).parameters
        assert {"optimizer", "begin", "end", "last_step", "by_epoch", "verbose"} <= set(parameters), name
        assert ("param_name" in parameters) == name.endswith("ParamScheduler"), name


def test_momentum_needs_momentum():
    with pytest.raises(ConfigError, match="momentum or betas"):
        schedulers_of(wrapper_of({"type": "Adagrad", "lr": 0.1}), {"type": "StepMomentum", "step_size": 1})
