"""Tests of :mod:`mmpretrain.models.layers.encoder_layer`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ArgumentError
from mmpretrain.models.layers.encoder_layer import TransformerEncoderLayer


@pytest.mark.parametrize("ffn_type", ["origin", "swiglu_fused"])
def test_attention_then_a_network_each_after_a_norm(ffn_type):
    torch.manual_seed(0)
    layer = TransformerEncoderLayer(8, 2, 16, ffn_type=ffn_type).eval()
    x = torch.randn(2, 5, 8)
    after = x + layer.attn(layer.ln1(x))
    torch.testing.assert_close(layer(x), after + layer.ffn.branch(layer.ln2(after)))


def test_a_layer_that_drops_all_in_training_is_an_identity():
    layer = TransformerEncoderLayer(8, 2, 16, drop_path_rate=1.0).train()
    x = torch.randn(2, 5, 8)
    assert torch.equal(layer(x), x)


def test_another_network_is_refused():
    with pytest.raises(ArgumentError, match="ffn_type must be"):
        TransformerEncoderLayer(8, 2, 16, ffn_type="mlp")
