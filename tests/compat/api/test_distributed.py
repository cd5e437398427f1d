"""Tests of :mod:`mmpretrain.compat.api.distributed`."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.runner import set_random_seed

from mmpretrain.errors import ConfigError


def test_seeds():
    assert set_random_seed(5) == 5
    first = np.random.rand(), torch.rand(1).item()
    set_random_seed(5)
    assert first == (np.random.rand(), torch.rand(1).item())
    with pytest.raises(ConfigError, match="whole number"):
        set_random_seed("5")  # type: ignore[arg-type]
