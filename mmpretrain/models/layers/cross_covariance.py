"""Attention among channels, and attention of one token."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.models.layers.attention import MultiheadAttention, merge_heads, split_heads


def cross_covariance(qkv: Tensor, num_heads: int, temperature: Tensor | float, dropout: float) -> Tensor:
    """Attention among the channels of a head, by their cosine over all tokens.

    Args:
        qkv: Projections (B, N, 3 * C).
        num_heads: Number of heads H.
        temperature: Scale of the cosines, (H, 1, 1).
        dropout: Dropout rate of the attention weights.

    Returns:
        Tokens (B, N, C).
    """
    q, k, v = (t.transpose(-1, -2) for t in split_heads(qkv, 3, num_heads))  # (B, H, D, N)
    q, k = F.normalize(q, dim=-1) * temperature, F.normalize(k, dim=-1)
    x = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, dropout_p=dropout, scale=1.0)
    return merge_heads(x.transpose(-1, -2))


class CrossCovarianceAttention(nn.Module):
    """Attention among channels, linear in the number of tokens (`XCiT <https://arxiv.org/abs/2106.09681>`_).

    Args:
        dim: Number of channels C.
        num_heads: Number of heads.
        qkv_bias: Give queries, keys and values a bias.
        attn_drop: Dropout rate of the attention weights.
        proj_drop: Dropout rate of the output.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int = 8,
        qkv_bias: bool = False,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.temperature = nn.Parameter(torch.ones(num_heads, 1, 1))
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.attn_drop = attn_drop
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the channels of tokens (B, N, C)."""
        dropout = self.attn_drop if self.training else 0.0
        x = cross_covariance(self.qkv(x), self.num_heads, self.temperature, dropout)
        return self.proj_drop(self.proj(x))


class ChannelMultiheadAttention(MultiheadAttention):
    """Attention among channels whose temperature is called ``scale`` in state dicts.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of heads.
        qkv_bias: Give queries, keys and values a bias.
        qk_scale_type: ``'learnable'``, or ``'fixed'`` or ``'none'`` for a constant temperature.
        qk_scale: The temperature where it is not learnable; ``D ** -0.5`` by default.
        **kwargs: Further arguments of :class:`MultiheadAttention`.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int = 8,
        qkv_bias: bool = False,
        qk_scale_type: Literal["learnable", "fixed", "none"] = "learnable",
        qk_scale: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(embed_dims, num_heads, qkv_bias=qkv_bias, **kwargs)
        self.scale: Any = self.head_dims**-0.5 if qk_scale is None else qk_scale
        if qk_scale_type == "learnable":
            self.scale = nn.Parameter(torch.ones(num_heads, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Mix the channels of tokens (B, N, C)."""
        qkv = self.qkv(x)
        dropout = self.attn_drop if self.training else 0.0
        x = self.project(cross_covariance(qkv, self.num_heads, self.scale, dropout))
        return split_heads(qkv, 3, self.num_heads)[2].squeeze(1) + x if self.v_shortcut else x


class ClassAttention(nn.Module):
    """Attention of the class token to all tokens (`CaiT <https://arxiv.org/abs/2103.17239>`_).

    Args:
        dim: Number of channels C.
        num_heads: Number of heads.
        qkv_bias: Give queries, keys and values a bias.
        attn_drop: Dropout rate of the attention weights.
        proj_drop: Dropout rate of the output.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int = 8,
        qkv_bias: bool = False,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.q = nn.Linear(dim, dim, bias=qkv_bias)
        self.k = nn.Linear(dim, dim, bias=qkv_bias)
        self.v = nn.Linear(dim, dim, bias=qkv_bias)
        self.attn_drop = attn_drop
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(self, x: Tensor) -> Tensor:
        """Return the new class token (B, 1, C) for tokens (B, N, C); the old one comes first."""
        (q,) = split_heads(self.q(x[:, :1]), 1, self.num_heads)
        (k,), (v,) = split_heads(self.k(x), 1, self.num_heads), split_heads(self.v(x), 1, self.num_heads)
        dropout = self.attn_drop if self.training else 0.0
        x = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout)
        return self.proj_drop(self.proj(merge_heads(x)))
