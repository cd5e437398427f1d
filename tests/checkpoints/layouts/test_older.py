"""Tests of :mod:`mmpretrain.checkpoints.layouts.older`."""

from __future__ import annotations

import torch

from mmpretrain.checkpoints import layouts


def test_0x():
    weights = {"backbone.conv1.weight": torch.ones(1), "ema_backbone_conv1_weight": torch.zeros(1)}
    assert list(layouts.convert(weights).weights) == ["backbone.conv1.weight"]
    swin = {
        "backbone.stages.0.blocks.0.attn.w_msa.proj.bias": torch.ones(1),
        "backbone.norm.bias": torch.ones(1),
    }
    assert "backbone.norm3.bias" in layouts.convert(swin).weights
    vit_keys = {"backbone.layers.0.attn.attn.in_proj_weight": torch.ones(1)}
    assert list(layouts.convert(vit_keys).weights) == ["backbone.layers.0.attn.qkv.weight"]
