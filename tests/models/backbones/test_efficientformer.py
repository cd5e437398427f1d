"""Tests of :mod:`mmpretrain.models.backbones.efficientformer`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import EfficientFormer, TinyViT
from tests.models.backbones.levit_cases import TINYVIT

EFFICIENTFORMER = {
    "layers": [1, 2], "embed_dims": [8, 12], "vit_num": 1, "downsamples": [False, True],
}  # fmt: skip


@torch.no_grad()
def test_efficientformer_takes_smaller_images_and_can_make_a_map():
    model = EfficientFormer(EFFICIENTFORMER, reshape_last_feat=True).eval()
    assert model(torch.rand(1, 3, 56, 40))[0].shape == (1, 12, 7, 5)
    tokens = EfficientFormer(EFFICIENTFORMER).eval()(torch.rand(1, 3, 48, 40))[0]
    assert tokens.shape == (1, 12, 30)
    with pytest.raises(ArgumentError, match="7×7"):
        model(torch.rand(1, 3, 64, 64))


def test_mlp_ratio_and_activation_hold_for_every_block():
    model = EfficientFormer(EFFICIENTFORMER, mlp_ratios=2)
    assert model.network[0][0].mlp.fc1.out_channels == 16
    act = {"type": "ReLU"}
    assert not [m for m in TinyViT(TINYVIT, act_cfg=act).modules() if isinstance(m, nn.GELU)]
