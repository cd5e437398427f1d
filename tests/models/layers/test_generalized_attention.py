"""Tests of :mod:`mmpretrain.models.layers.generalized_attention`."""

from __future__ import annotations

import torch
from torch import nn

from mmpretrain.models.layers import (
    GeneralizedAttention,
)


def test_attention_by_query_and_step_takes_any_shape():
    layer = GeneralizedAttention(8, num_heads=2, attention_type="0100")
    nn.init.ones_(layer.gamma)
    x = torch.randn(1, 8, 4, 6)
    flipped = GeneralizedAttention(8, num_heads=2, attention_type="0100")
    flipped.load_state_dict(layer.state_dict())
    flipped.appr_geom_fc_x, flipped.appr_geom_fc_y = flipped.appr_geom_fc_y, flipped.appr_geom_fc_x
    torch.testing.assert_close(flipped(x.transpose(2, 3)), layer(x).transpose(2, 3))
