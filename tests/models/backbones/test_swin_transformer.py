"""Tests of :mod:`mmpretrain.models.backbones.swin_transformer`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.models.backbones.vit_cases import swin


def test_swin_outputs_before_or_after_merging():
    image = torch.rand(1, 3, 64, 64)
    before = swin(out_indices=(0, 1))(image)
    after = swin(out_indices=(0, 1), out_after_downsample=True)(image)
    assert [out.shape[1:] for out in before] == [(16, 16, 16), (32, 8, 8)]
    assert [out.shape[1:] for out in after] == [(32, 8, 8), (32, 8, 8)]


def test_swin_needs_padding_for_maps_smaller_than_a_window():
    with pytest.raises(ValueError, match="pad_small_map=True"):
        swin()(torch.rand(1, 3, 24, 24))
    assert swin(pad_small_map=True)(torch.rand(1, 3, 24, 40))[0].shape == (1, 32, 3, 5)


def test_swin_loads_a_checkpoint_of_another_window_and_layout():
    small, large = swin(use_abs_pos_embed=True), swin(window_size=8, img_size=96, use_abs_pos_embed=True)
    state = small.state_dict()
    for name in ("weight", "bias"):
        state[f"norm.{name}"] = state.pop(f"norm1.{name}")
    state["stages.0.blocks.1.attn_mask"] = torch.zeros(4, 16, 16)
    state = {f"backbone.{key}": value for key, value in state.items()}
    nn.ModuleDict({"backbone": large}).load_state_dict(state)
    table = large.stages[0].blocks[0].attn.w_msa.relative_position_bias_table
    assert table.shape == (15 * 15, 1)
    assert large.absolute_pos_embed.shape == (1, 24 * 24, 16)
    assert large.stages[0].blocks[0].attn.w_msa.relative_position_index.max() == 15 * 15 - 1
