"""Tests of :mod:`mmpretrain.models.backbones.hivit`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.models.backbones import (
    HiViT,
)
from tests.golden.fingerprint import fill


def test_hivit_counts_the_blocks_of_its_main_stage():
    arch = {"embed_dims": 32, "depths": [1, 1, 3], "num_heads": 2}
    model = HiViT(arch, img_size=64, out_indices=(0, -1)).eval()
    assert model.out_indices == (0, 2)
    assert [out.shape for out in model(torch.rand(1, 3, 96, 64))] == [(1, 32, 6, 4)] * 2
    assert model.get_layer_depth("backbone.blocks.6.norm1.weight", "backbone.") == (7, 11)
    small, large = (HiViT(arch, img_size=size, rpe=True) for size in (64, 96))
    large.load_state_dict(small.state_dict())
    assert large.blocks[8].attn.relative_position_bias_table.shape == (121, 2)


@pytest.mark.parametrize(
    ("grid", "last"),
    [
        ((4, 4), [-0.02995, 0.07619, -0.00279, 0.09231]),
        ((6, 4), [-0.02624, 0.06795, -0.01257, 0.07958]),
        ((3, 7), [-0.01195, 0.07135, 0.01685, 0.11507]),
    ],
)
def test_positions_of_other_grids_are_those_of_1x(grid, last):
    model = HiViT({"embed_dims": 32, "depths": [1, 1, 2], "num_heads": 4}, img_size=64)
    with torch.no_grad():
        fill("pos_embed", model.pos_embed)
    positions = model.pos_embed_for(grid)
    assert positions.shape == (1, grid[0] * grid[1], 32)
    torch.testing.assert_close(positions[0, -1, :4], torch.tensor(last), atol=1e-5, rtol=0)
