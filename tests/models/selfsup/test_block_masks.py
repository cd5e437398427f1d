"""Tests of :mod:`mmpretrain.models.selfsup.block_masks`."""

from __future__ import annotations

import torch

from mmpretrain.models.selfsup.block_masks import block_masks


def test_how_much_is_masked_depends_on_the_arguments_only():
    for seed in range(5):
        torch.manual_seed(seed)
        masks = block_masks(8, (6, 5), ratios=(0.1, 0.5), prob=0.5)
        assert (masks.dtype, tuple(masks.shape)) == (torch.bool, (8, 30))
        assert sorted(masks.sum(dim=1).tolist()) == [0, 0, 0, 0, 3, 7, 11, 15]


def test_an_image_is_masked_even_if_the_part_is_small():
    assert block_masks(2, (4, 4), prob=0.01).any(dim=1).sum() == 1


def test_most_masked_patches_lie_together():
    torch.manual_seed(0)
    masks = block_masks(64, (14, 14), ratios=(0.3, 0.3), prob=1.0).reshape(64, 14, 14)
    beside = (masks[:, :, 1:] & masks[:, :, :-1]).sum() / masks.sum()
    assert beside > 0.6  # scattered ones have a neighbour at the right in 0.3 of the cases
