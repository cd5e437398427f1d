"""Tests of :mod:`mmpretrain.datasets.transforms.masking`."""

from __future__ import annotations

from mmpretrain.datasets.transforms import (
    BEiTMaskGenerator,
    SimMIMMaskGenerator,
)


def test_masks():
    for _ in range(20):
        mask = BEiTMaskGenerator((14, 14), 75, min_num_patches=16)(dict())["mask"]
        assert mask.sum() == 75
        blocks = SimMIMMaskGenerator(192, 32, 4, 0.6)(dict())["mask"]
        assert blocks.shape == (48, 48)
        assert blocks.sum() == 22 * 64
        assert (blocks.reshape(6, 8, 6, 8).std(axis=(1, 3)) == 0).all()
