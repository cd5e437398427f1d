"""Tests of :mod:`mmpretrain.datasets.transforms.masking`."""

from __future__ import annotations

import pytest

from mmpretrain.datasets.transforms import (
    BEiTMaskGenerator,
    SimMIMMaskGenerator,
)
from mmpretrain.errors import ConfigError


def test_masks():
    for _ in range(20):
        mask = BEiTMaskGenerator((14, 14), 75, min_num_patches=16)(dict())["mask"]
        assert mask.sum() == 75
        blocks = SimMIMMaskGenerator(192, 32, 4, 0.6)(dict())["mask"]
        assert blocks.shape == (48, 48)
        assert blocks.sum() == 22 * 64
        assert (blocks.reshape(6, 8, 6, 8).std(axis=(1, 3)) == 0).all()


@pytest.mark.parametrize("mask_ratio", [0.0, 1, 1.4, -0.1, float("nan"), "half"])
def test_ratios_that_hide_nothing_or_everything(mask_ratio):
    with pytest.raises(ConfigError, match="mask_ratio must be above 0 and below 1"):
        SimMIMMaskGenerator(64, 16, 4, mask_ratio)


def test_all_blocks():
    with pytest.raises(ConfigError, match=r"mask_ratio=0\.9 hides all 4 blocks"):
        SimMIMMaskGenerator(64, 32, 4, 0.9)
    with pytest.raises(ConfigError, match="leave a token of the 16 visible, got 16"):
        BEiTMaskGenerator(4, 16)
    with pytest.raises(ConfigError, match="at least 1"):
        BEiTMaskGenerator(4, 0)


@pytest.mark.parametrize(("size", "count"), [((4, 4), 15), ((4, 4), 9), ((1, 8), 3), ((2, 2), 3)])
def test_more_than_rectangles_can_cover(size, count):
    """The mask is complete all the same, and there is no endless search."""
    assert BEiTMaskGenerator(size, count)(dict(img=None))["mask"].sum() == count
