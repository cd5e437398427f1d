"""Tests of :mod:`mmpretrain.engine.optimizers.layer_decay`."""

from __future__ import annotations

import pytest
from torch import nn

from mmpretrain.engine.optimizers import (
    build_optim_wrapper,
)
from mmpretrain.errors import ConfigError
from tests.engine.optimizers.optim_cases import (
    ADAMW,
)


def test_layer_decay_needs_depths():
    cfg = {
        "optimizer": ADAMW,
        "constructor": "LearningRateDecayOptimWrapperConstructor",
        "paramwise_cfg": {"a": 1},
    }
    with pytest.raises(ConfigError, match="get_layer_depth"):
        build_optim_wrapper(nn.Linear(2, 2), cfg)
