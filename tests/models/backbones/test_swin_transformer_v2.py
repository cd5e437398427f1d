"""Tests of :mod:`mmpretrain.models.backbones.swin_transformer_v2`."""

from __future__ import annotations

from mmpretrain.models.backbones import (
    SwinTransformerV2,
)
from tests.models.backbones.vit_cases import STAGES


def test_swin_v2_keeps_its_own_window_on_load():
    arch = {**STAGES, "extra_norm_every_n_blocks": 0}
    options = {"arch": arch, "img_size": 64, "out_indices": -1, "pretrained_window_sizes": (0, 0)}
    small, large = (SwinTransformerV2(**options, window_size=size) for size in (4, 8))
    large.load_state_dict(small.state_dict())
    assert large.stages[0].blocks[0].attn.w_msa.relative_coords_table.shape == (1, 15, 15, 2)
