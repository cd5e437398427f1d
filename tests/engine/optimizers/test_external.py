"""Tests of :mod:`mmpretrain.engine.optimizers.external`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import OptionalDependencyError
from tests.engine.optimizers.building import wrap
from tests.engine.optimizers.optim_cases import (
    TinyNet,
)


def test_optimizers_of_other_packages():
    with pytest.raises(OptionalDependencyError, match="DAdaptAdam needs dadaptation"):
        wrap(TinyNet(), optimizer={"type": "DAdaptAdam", "lr": 1.0})
