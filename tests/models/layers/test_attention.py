"""Attention, windows and relative positions against their definitions."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.models.layers import (
    MultiheadAttention,
)


def by_definition(attn: MultiheadAttention, x: torch.Tensor, scale: float) -> torch.Tensor:
    batch, tokens, _ = x.shape
    q, k, v = attn.qkv(x).view(batch, tokens, 3, attn.num_heads, -1).permute(2, 0, 3, 1, 4)
    weights = (q @ k.transpose(-1, -2) * scale).softmax(-1)
    return attn.proj((weights @ v).transpose(1, 2).reshape(batch, tokens, -1))


def test_attention():
    attn, x = MultiheadAttention(16, 4, layer_scale_init_value=0.5), torch.rand(2, 5, 16)
    torch.testing.assert_close(attn(x), 0.5 * by_definition(attn, x, 4**-0.5))


def test_qk_scale():
    attn, x = MultiheadAttention(16, 4, qk_scale=0.1), torch.rand(2, 5, 16)
    torch.testing.assert_close(attn(x), by_definition(attn, x, 0.1))


def test_value_shortcut():
    attn, x = MultiheadAttention(8, 1, input_dims=6, v_shortcut=True), torch.rand(2, 5, 6)
    torch.testing.assert_close(attn(x), by_definition(attn, x, 8**-0.5) + attn.qkv(x)[..., 16:])


def test_the_old_place_of_helpers():
    from mmpretrain.models import utils

    assert utils.MultiheadAttention is MultiheadAttention
    assert isinstance(utils.build_norm_layer({"type": "LN"}, 4), torch.nn.LayerNorm)
    with pytest.raises(AttributeError, match="has no 'nonsense'"):
        _ = utils.nonsense
