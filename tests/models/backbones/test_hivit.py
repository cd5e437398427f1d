"""Tests of :mod:`mmpretrain.models.backbones.hivit`."""

from __future__ import annotations

import torch

from mmpretrain.models.backbones import (
    HiViT,
)


def test_hivit_counts_the_blocks_of_its_main_stage():
    arch = {"embed_dims": 32, "depths": [1, 1, 3], "num_heads": 2}
    model = HiViT(arch, img_size=64, out_indices=(0, -1)).eval()
    assert model.out_indices == (0, 2)
    assert [out.shape for out in model(torch.rand(1, 3, 96, 64))] == [(1, 32, 6, 4)] * 2
    assert model.get_layer_depth("backbone.blocks.6.norm1.weight", "backbone.") == (7, 11)
    small, large = (HiViT(arch, img_size=size, rpe=True) for size in (64, 96))
    large.load_state_dict(small.state_dict())
    assert large.blocks[8].attn.relative_position_bias_table.shape == (121, 2)
