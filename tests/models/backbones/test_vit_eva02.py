"""Tests of :mod:`mmpretrain.models.backbones.vit_eva02`."""

from __future__ import annotations

import torch

from mmpretrain.models.backbones import (
    DeiT3,
    ViTEVA02,
)
from tests.models.backbones.vit_cases import vit


def test_deit3_and_eva02_layers():
    """Layer scale; a first norm for both branches; rotated queries and keys."""
    state = vit(DeiT3).state_dict()
    assert state["layers.0.attn.gamma1.weight"].eq(1e-5).all()
    assert state["pos_embed"].shape == (1, 16, 32)
    assert "layers.0.attn.gamma1.weight" not in vit(DeiT3, use_layer_scale=False).state_dict()
    eva = vit(ViTEVA02, out_type="featmap")
    assert eva(torch.rand(2, 3, 32, 32))[0].shape == (2, 32, 4, 4)
    assert eva(torch.rand(2, 3, 48, 24))[0].shape == (2, 32, 6, 3)
