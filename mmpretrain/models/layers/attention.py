"""Self-attention over tokens, on ``scaled_dot_product_attention``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.configurable import configurable, make_drop_path
from mmpretrain.models.layers.layer_scale import layer_scale
from mmpretrain.models.layers.relative_position import (
    num_relative_positions,
    relative_position_bias,
    relative_position_index,
)

# Shapes: B batch, N tokens, C channels, H heads, D channels of a head.


def split_heads(x: Tensor, parts: int, num_heads: int) -> tuple[Tensor, ...]:
    """(B, N, parts * H * D) projections as ``parts`` tensors (B, H, N, D)."""
    return x.unflatten(-1, (parts, num_heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)


def merge_heads(x: Tensor) -> Tensor:
    """(B, H, N, D) as (B, N, H * D)."""
    return x.transpose(1, 2).flatten(2)


def biased_attention(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, dropout: float = 0.0, scale: float | None = None
) -> Tensor:
    """Attention with something added to its logits.

    CPUs have a fused kernel for it, but not for the gradient of the bias. What torch does then takes longer
    than the plain formula.

    Args:
        q: Queries (B, H, N, D).
        k: Keys of that shape.
        v: Values of that shape.
        bias: Added to the logits; broadcast to (B, H, N, N).
        dropout: Dropout rate of the attention weights.
        scale: Scale of the products of queries and keys; ``D ** -0.5`` by default.

    Returns:
        The mixed values (B, H, N, D).
    """
    if bias is None or not bias.requires_grad or bias.device.type != "cpu":
        return F.scaled_dot_product_attention(q, k, v, bias, dropout, scale=scale)
    logits = (q * (q.shape[-1] ** -0.5 if scale is None else scale)) @ k.transpose(-2, -1) + bias
    return F.dropout(logits.softmax(-1), dropout).to(v.dtype) @ v


def qv_bias(q_bias: Tensor | None, v_bias: Tensor | None) -> Tensor | None:
    """The bias of a joint query-key-value projection whose keys have none."""
    if q_bias is None or v_bias is None:
        return None
    return torch.cat((q_bias, torch.zeros_like(v_bias), v_bias))


@configurable
class MultiheadAttention(BaseModule):
    """Multi-head self-attention with layer scale and stochastic depth.

    Args:
        embed_dims: Number of channels C of the output.
        num_heads: Number of heads.
        input_dims: Number of channels of the input; ``embed_dims`` by default.
        attn_drop: Dropout rate of the attention weights.
        proj_drop: Dropout rate after the output projection.
        drop_path: Stochastic-depth rate, or another dropout of the branch.
        qkv_bias: Give queries, keys and values a bias.
        qk_scale: Scale of the products of queries and keys; ``D ** -0.5`` by default.
        proj_bias: Give the output projection a bias.
        v_shortcut: Add the values to the output (needs a single head); for ``input_dims != embed_dims``.
        use_layer_scale: Use a layer scale that starts at 1e-5; better give ``layer_scale_init_value``.
        layer_scale_init_value: Start value of a layer scale; 0 for none.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        input_dims: int | None = None,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        drop_path: float | nn.Module | None = None,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        proj_bias: bool = True,
        v_shortcut: bool = False,
        use_layer_scale: bool = False,
        layer_scale_init_value: float | Tensor = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if embed_dims % num_heads:
            raise ArgumentError(
                f"embed_dims={embed_dims} cannot be divided among num_heads={num_heads}", key="embed_dims"
            )
        self.input_dims = input_dims or embed_dims
        self.embed_dims = embed_dims
        self.num_heads = num_heads
        self.head_dims = embed_dims // num_heads
        self.scale = qk_scale
        self.v_shortcut = v_shortcut
        self.attn_drop = attn_drop
        self.qkv = nn.Linear(self.input_dims, embed_dims * 3, bias=qkv_bias)
        self.proj = nn.Linear(embed_dims, embed_dims, bias=proj_bias)
        self.proj_drop = nn.Dropout(proj_drop)
        self.out_drop = make_drop_path(drop_path)
        if use_layer_scale and not isinstance(layer_scale_init_value, Tensor):
            layer_scale_init_value = layer_scale_init_value or 1e-5
        self.gamma1 = layer_scale(embed_dims, layer_scale_init_value)

    def forward(self, x: Tensor) -> Tensor:
        """Mix tokens (B, N, input_dims) to (B, N, C)."""
        q, k, v = split_heads(self.qkv(x), 3, self.num_heads)
        x = self.project(self.attend(q, k, v))
        return v.squeeze(1) + x if self.v_shortcut else x

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attention of queries, keys and values (B, H, N, D), as (B, N, C)."""
        dropout = self.attn_drop if self.training else 0.0
        return merge_heads(F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=self.scale))

    def project(self, x: Tensor) -> Tensor:
        """Output projection, layer scale and stochastic depth."""
        return self.out_drop(self.gamma1(self.proj_drop(self.proj(x))))


class BEiTAttention(BaseModule):
    """Self-attention with a bias by relative position (`BEiT <https://arxiv.org/abs/2106.08254>`_).

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of heads.
        window_size: The grid of patches; needed for ``use_rel_pos_bias``.
        use_rel_pos_bias: Have a bias table here (otherwise, one may be passed to ``forward``).
        with_cls_token: There is a class token before the patches.
        bias: Whether queries, keys and values have a bias; ``'qv_bias'`` leaves out the keys.
        qk_scale: Scale of the products of queries and keys; ``D ** -0.5`` by default.
        attn_drop_rate: Dropout rate of the attention weights.
        proj_drop_rate: Dropout rate of the output.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        window_size: Sequence[int] | None,
        use_rel_pos_bias: bool,
        with_cls_token: bool = True,
        bias: bool | Literal["qv_bias"] = "qv_bias",
        qk_scale: float | None = None,
        attn_drop_rate: float = 0.0,
        proj_drop_rate: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        self.num_heads = num_heads
        self.scale = qk_scale
        self.attn_drop = attn_drop_rate
        separate = bias == "qv_bias"
        self.q_bias = nn.Parameter(torch.zeros(embed_dims)) if separate else None
        self.v_bias = nn.Parameter(torch.zeros(embed_dims)) if separate else None
        self.relative_position_index: Tensor | None
        self.relative_position_bias_table = None
        index = None
        if use_rel_pos_bias:
            if window_size is None:
                raise ValueError("use_rel_pos_bias=True needs a window_size, got None")
            self.window_size = tuple(window_size)
            length = num_relative_positions(window_size, with_cls_token)
            self.relative_position_bias_table = nn.Parameter(torch.zeros(length, num_heads))
            index = relative_position_index(window_size, with_cls_token)
        self.register_buffer("relative_position_index", index)
        self.qkv = nn.Linear(embed_dims, embed_dims * 3, bias=bool(bias) and not separate)
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.proj_drop = nn.Dropout(proj_drop_rate)

    def init_weights(self) -> None:
        """Start with a small random bias table."""
        super().init_weights()
        if self.relative_position_bias_table is not None:
            nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def forward(self, x: Tensor, rel_pos_bias: Tensor | None = None) -> Tensor:
        """Mix tokens.

        Args:
            x: Tokens (B, N, C).
            rel_pos_bias: A bias (H, N, N) that layers share.
        """
        bias = self.qkv.bias if self.q_bias is None else qv_bias(self.q_bias, self.v_bias)
        q, k, v = split_heads(F.linear(x, self.qkv.weight, bias), 3, self.num_heads)
        if self.relative_position_bias_table is not None and self.relative_position_index is not None:
            own = relative_position_bias(self.relative_position_bias_table, self.relative_position_index)
            rel_pos_bias = own if rel_pos_bias is None else own + rel_pos_bias
        mask = None if rel_pos_bias is None else rel_pos_bias.unsqueeze(0)
        dropout = self.attn_drop if self.training else 0.0
        x = biased_attention(q, k, v, mask, dropout, self.scale)
        return self.proj_drop(self.proj(merge_heads(x)))
