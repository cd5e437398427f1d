"""Tests of :mod:`mmpretrain.compat.optimizers.replaced`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError
from tests.engine.optimizers.building import wrap
from tests.engine.optimizers.optim_cases import (
    TinyNet,
)


@pytest.mark.parametrize("name", ["ApexOptimWrapper", "ColossalAIOptimWrapper"])
def test_wrappers_of_libraries_that_are_gone(name):
    with pytest.raises(ConfigError, match="Use type='AmpOptimWrapper'"):
        wrap(TinyNet(), type=name)
