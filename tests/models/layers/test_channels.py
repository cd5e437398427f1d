"""Tests of :mod:`mmpretrain.models.layers.channels`."""

from __future__ import annotations

import torch

from mmpretrain.models.layers import (
    channel_shuffle,
    make_divisible,
)


def test_channels():
    # Values of the reference environment (mmpretrain 1.2).
    values = [make_divisible(v, 8) for v in (3, 8, 11, 12, 17, 33.6, 50, 100.8)]
    assert values == [8, 8, 16, 16, 16, 32, 48, 104]
    assert make_divisible(5, 8, min_value=4, min_ratio=0.5) == 8
    x = torch.arange(6.0).view(1, 6, 1, 1)
    assert channel_shuffle(x, 2).flatten().tolist() == [0, 3, 1, 4, 2, 5]
