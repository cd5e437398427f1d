"""Tests of :mod:`mmpretrain.models.layers.drop`."""

from __future__ import annotations

import math

import pytest
import torch

from mmpretrain.models.layers import (
    drop_path,
    drop_path_rates,
)


def test_drop_path_keeps_the_mean():
    torch.manual_seed(0)
    out = drop_path(torch.ones(4000, 2, 3), 0.25, training=True)
    assert out.unique().tolist() == pytest.approx([0, 4 / 3])
    assert out.mean() == pytest.approx(1, abs=0.05)
    assert out.flatten(1).std(dim=1).eq(0).all()
    assert drop_path_rates(0.3, 4) == pytest.approx([0, 0.1, 0.2, 0.3])
    assert math.isclose(drop_path_rates(0.3, 1)[0], 0)


def test_a_rate_of_one_drops_the_branch():
    """As torch's dropout; 1.x divides zero by zero."""
    assert not drop_path(torch.ones(3, 2), 1.0, training=True).any()
