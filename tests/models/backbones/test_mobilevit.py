"""What is special about MobileViT."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import MobileViT
from mmpretrain.models.backbones.mobilevit import from_patches, to_patches

LAYERS = [["mobilenetv2", 8, 2, 2], ["mobilevit", 12, 2, 16, 32, 1]]


def test_pixels_of_a_place_in_their_patch_are_together():
    x = torch.arange(24.0).view(1, 1, 4, 6)
    tokens = to_patches(x, 2)
    assert tokens.shape == (4, 6, 1)
    assert tokens[1].flatten().tolist() == [1, 3, 5, 13, 15, 17]  # right above
    assert torch.equal(from_patches(tokens, 2, (2, 3)), x)


def test_norm_and_activation_hold_for_every_layer():
    norm, act = {"type": "GN", "num_groups": 2}, {"type": "ReLU"}
    model = MobileViT(LAYERS, norm_cfg=norm, act_cfg=act, out_indices=-1)
    kinds = {type(m) for m in model.modules()}
    assert not kinds & {nn.BatchNorm2d, nn.SiLU}
    assert {nn.GroupNorm, nn.ReLU} <= kinds


def test_unknown_kind_of_layer():
    with pytest.raises(ArgumentError, match="'mobilenet'"):
        MobileViT([["mobilenet", 8, 2, 2]], out_indices=0)
