"""Tests of :mod:`mmpretrain.models.backbones.beit`."""

from __future__ import annotations

import torch
from torch import nn

from mmpretrain.models.backbones import (
    BEiTViT,
)
from tests.models.backbones.vit_cases import vit


def test_beit_shares_out_a_shared_table_and_resizes_it():
    shared = vit(BEiTViT, use_rel_pos_bias=False, use_shared_rel_pos_bias=True)
    nn.init.normal_(shared.rel_pos_bias.relative_position_bias_table)
    own = vit(BEiTViT)
    own.load_state_dict(shared.state_dict())
    image = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(own(image), shared(image))
    larger = vit(BEiTViT, img_size=48)
    larger.load_state_dict(own.state_dict())
    table = larger.layers[2].attn.relative_position_bias_table
    torch.testing.assert_close(table[-3:], own.layers[2].attn.relative_position_bias_table[-3:])
    larger(torch.rand(2, 3, 48, 48))
