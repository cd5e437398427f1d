"""Attention among channels, and attention of one token."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.models.layers.attention import merge_heads, split_heads


class CrossCovarianceAttention(nn.Module):
    """Attention among the channels of a head, by their cosine over all tokens.

    From `XCiT <https://arxiv.org/abs/2106.09681>`_; linear in the number of tokens.

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
        q, k, v = (t.transpose(-1, -2) for t in split_heads(self.qkv(x), 3, self.num_heads))  # (B, H, D, N)
        q, k = F.normalize(q, dim=-1) * self.temperature, F.normalize(k, dim=-1)
        dropout = self.attn_drop if self.training else 0.0
        x = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, dropout_p=dropout, scale=1.0)
        return self.proj_drop(self.proj(merge_heads(x.transpose(-1, -2))))


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
