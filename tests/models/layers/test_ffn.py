"""Tests of :mod:`mmpretrain.models.layers.ffn`."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmpretrain.models.layers.ffn import FFN, SwiGLUFFN, SwiGLUFFNFused

X = torch.linspace(-1, 1, 12).view(1, 3, 4)


def test_a_network_and_its_residual_connection():
    ffn = FFN(4, 6, act=nn.GELU).eval()
    first, last = ffn.layers[0][0], ffn.layers[1]
    branch = last(F.gelu(first(X)))
    torch.testing.assert_close(ffn(X), X + branch)
    torch.testing.assert_close(ffn(X, identity=X * 2), 2 * X + branch)
    assert len(FFN(4, 6, num_fcs=3).layers) == 4
    with pytest.raises(ValueError, match="num_fcs >= 2, got 1"):
        FFN(4, 6, num_fcs=1)


def test_a_layer_scale_starts_small():
    ffn = FFN(4, 6, layer_scale_init_value=0.1).eval()
    torch.testing.assert_close(ffn(X) - X, 0.1 * ffn.branch(X))


def test_a_gated_network():
    ffn = SwiGLUFFN(4, 6, add_identity=False)
    gate, value = ffn.w12(X).split(6, dim=-1)
    torch.testing.assert_close(ffn(X), ffn.w3(F.silu(gate) * value))
    assert SwiGLUFFN(4, 6, out_dims=2)(X).shape == (1, 3, 2)  # nothing to add to


def test_the_hidden_width_of_dinov2():
    assert SwiGLUFFNFused(1536, 4096).w3.in_features == 2736


def test_initial_values_of_the_vision_transformer():
    torch.manual_seed(0)
    ffn = FFN(64, 256)
    ffn.init_as_vit()
    bound = (6 / (64 + 256)) ** 0.5
    weight = ffn.layers[0][0].weight
    assert 0.95 * bound < weight.abs().max() <= bound
    assert 0 < ffn.layers[0][0].bias.abs().max() < 1e-5
