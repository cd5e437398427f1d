"""Tests of :mod:`mmpretrain.engine.schedulers.one_cycle`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError
from tests.engine.schedulers.building import schedulers_of, wrapper_of
from tests.engine.schedulers.scheduler_cases import (
    SGD,
)


def test_one_cycle_does_not_outlast_its_steps():
    scheduler = schedulers_of(
        wrapper_of(SGD), {"type": "OneCycleLR", "eta_max": 1, "total_steps": 2, "end": 9}
    )[0]
    scheduler.step()
    scheduler.step()
    with pytest.raises(ConfigError, match="total_steps=2"):
        scheduler.step()
