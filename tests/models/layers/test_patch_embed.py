"""Tests of :mod:`mmpretrain.models.layers.patch_embed`."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from mmpretrain.models.layers import (
    HybridEmbed,
    PatchEmbed,
    PatchMerging,
)
from mmpretrain.models.layers.patch_embed import AdaptivePadding


def test_patch_embed_and_its_size():
    embed = PatchEmbed(3, 8, kernel_size=4, stride=4, input_size=(30, 16))
    assert embed.init_out_size == (8, 4)
    tokens, hw = embed(torch.rand(2, 3, 30, 16))
    assert tokens.shape == (2, 32, 8)
    assert hw == (8, 4)
    overlapping = PatchEmbed(3, 8, kernel_size=7, stride=4, padding=3, input_size=32)
    assert overlapping(torch.rand(1, 3, 32, 32))[1] == overlapping.init_out_size == (8, 8)


@pytest.mark.parametrize(("padding", "place"), [("corner", (0, 0)), ("same", (1, 0))])
def test_adaptive_padding(padding, place):
    out = AdaptivePadding(kernel_size=4, stride=4, padding=padding)(torch.ones(1, 1, 6, 7))
    assert out.shape == (1, 1, 8, 8)
    rows, columns = out[0, 0].nonzero().T
    assert (rows.min(), columns.min()) == place


@pytest.mark.parametrize("size", [(6, 8), (5, 7)])
def test_merging_reshapes_as_unfold_does(size):
    merge = PatchMerging(4, 8)
    x = torch.rand(2, size[0] * size[1], 4)
    out, hw = merge(x, size)
    image = F.pad(x.transpose(1, 2).view(2, 4, *size), (0, size[1] % 2, 0, size[0] % 2))
    expected = merge.reduction(merge.norm(F.unfold(image, 2, stride=2).transpose(1, 2)))
    torch.testing.assert_close(out, expected)
    assert hw == (3, 4)


def test_merging_of_overlapping_windows():
    merge = PatchMerging(4, 8, kernel_size=3, stride=2, padding=1, use_post_norm=True)
    out, hw = merge(torch.rand(2, 64, 4), (8, 8))
    assert hw == (4, 4)
    assert out.shape == (2, 16, 8)
    torch.testing.assert_close(out.mean(-1), torch.zeros(2, 16), atol=1e-5, rtol=0)


def test_hybrid_embed_finds_the_size_of_the_map():
    embed = HybridEmbed(torch.nn.Conv2d(3, 5, 3, 2, 1), img_size=16, embed_dims=8)
    assert embed.num_patches == 64
    assert embed(torch.rand(2, 3, 16, 16)).shape == (2, 64, 8)
