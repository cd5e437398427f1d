"""Attention within windows of a feature map, regular or shifted, for Swin Transformers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import DataError
from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.attention import biased_attention, merge_heads, qv_bias, split_heads
from mmpretrain.models.layers.configurable import configurable, make_drop_path
from mmpretrain.models.layers.relative_position import (
    num_relative_positions,
    relative_position_bias,
    relative_position_index,
)
from mmpretrain.models.layers.shape import to_2tuple
from mmpretrain.registry import MODELS

# Shapes: B images, W windows of an image, N positions of a window, C channels, H heads, D channels of a head.


def window_partition(x: Tensor, window_size: int) -> Tensor:
    """Cut a map (B, height, width, C) into windows (B * W, window_size, window_size, C)."""
    batch, height, width, channels = x.shape
    rows, columns = height // window_size, width // window_size
    x = x.view(batch, rows, window_size, columns, window_size, channels)
    return x.transpose(2, 3).reshape(-1, window_size, window_size, channels)


def window_reverse(windows: Tensor, height: int, width: int, window_size: int) -> Tensor:
    """Undo :func:`window_partition`."""
    rows, columns = height // window_size, width // window_size
    x = windows.view(-1, rows, columns, window_size, window_size, windows.shape[-1])
    return x.transpose(2, 3).reshape(-1, height, width, windows.shape[-1])


def shifted_window_mask(
    hw: Sequence[int], window_size: int, shift_size: int, device: torch.device | None = None
) -> Tensor:
    """Forbid attention between positions that only a cyclic shift brought into one window.

    Returns:
        A mask (W, N, N): 0 where attention is allowed, -100 elsewhere.
    """

    def regions(size: int) -> Tensor:
        place = torch.arange(size, device=device)
        return (place >= size - window_size).long() + (place >= size - shift_size).long()

    height, width = hw
    region = regions(height)[:, None] * 3 + regions(width)[None, :]
    region = window_partition(region.view(1, height, width, 1), window_size).flatten(1)  # (W, N)
    return (region[:, None, :] != region[:, :, None]) * -100.0


def windowed_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    dropout: float = 0.0,
    scale: float | None = None,
) -> Tensor:
    """Attention within each window.

    Args:
        q: Queries (B * W, H, N, D).
        k: Keys of that shape.
        v: Values of that shape.
        bias: Added to the logits of every window, (H, N, N).
        mask: Added to the logits by window, (W, N, N).
        dropout: Dropout rate of the attention weights.
        scale: Scale of the products of queries and keys; ``D ** -0.5`` by default.

    Returns:
        Tokens (B * W, N, C).
    """
    if mask is None:
        logits = None if bias is None else bias.unsqueeze(0)
        return merge_heads(biased_attention(q, k, v, logits, dropout, scale))
    # The windows of an image become heads, so that one mask serves the whole batch.
    num_windows, num_heads = len(mask), q.shape[1]
    q, k, v = (t.reshape(-1, num_windows * num_heads, *t.shape[2:]) for t in (q, k, v))
    logits = mask.to(q.dtype).unsqueeze(1).expand(-1, num_heads, -1, -1)
    logits = (logits if bias is None else logits + bias.unsqueeze(0)).flatten(0, 1)
    out = biased_attention(q, k, v, logits.unsqueeze(0), dropout, scale)
    return merge_heads(out.reshape(-1, num_heads, *out.shape[2:]))


class WindowMSA(BaseModule):
    """Self-attention within windows with a bias by relative position.

    From `Swin Transformer <https://arxiv.org/abs/2103.14030>`_.

    Args:
        embed_dims: Number of channels C.
        window_size: Height and width of a window.
        num_heads: Number of heads.
        qkv_bias: Give queries, keys and values a bias.
        qk_scale: Scale of the products of queries and keys; ``D ** -0.5`` by default.
        attn_drop: Dropout rate of the attention weights.
        proj_drop: Dropout rate of the output.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int,
        window_size: Sequence[int],
        num_heads: int,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        self.window_size = tuple(window_size)
        self.num_heads = num_heads
        self.scale = qk_scale
        self.attn_drop = attn_drop
        self.relative_position_bias_table = nn.Parameter(
            torch.zeros(num_relative_positions(window_size), num_heads)
        )
        self.relative_position_index: Tensor
        self.register_buffer("relative_position_index", relative_position_index(window_size))
        self.qkv = nn.Linear(embed_dims, embed_dims * 3, bias=qkv_bias)
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.proj_drop = nn.Dropout(proj_drop)

    def init_weights(self) -> None:
        """Start with a small random bias table."""
        super().init_weights()
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mix the tokens (B * W, N, C) of windows.

        Args:
            x: The tokens.
            mask: Added to the logits by window, (W, N, N).
        """
        q, k, v = split_heads(self.qkv(x), 3, self.num_heads)
        bias = relative_position_bias(self.relative_position_bias_table, self.relative_position_index)
        dropout = self.attn_drop if self.training else 0.0
        x = windowed_attention(q, k, v, bias.to(q.dtype), mask, dropout, self.scale)
        return self.proj_drop(self.proj(x))


class WindowMSAV2(BaseModule):
    """Self-attention within windows by scaled cosine, with a bias computed from relative positions.

    From `Swin Transformer V2 <https://arxiv.org/abs/2111.09883>`_.

    Args:
        embed_dims: Number of channels C.
        window_size: Height and width of a window.
        num_heads: Number of heads.
        qkv_bias: Give queries and values a bias.
        attn_drop: Dropout rate of the attention weights.
        proj_drop: Dropout rate of the output.
        cpb_mlp_hidden_dims: Width of the network from positions to biases.
        pretrained_window_size: The window size with which that network was trained; zeros for this one.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int,
        window_size: Sequence[int],
        num_heads: int,
        qkv_bias: bool = True,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        cpb_mlp_hidden_dims: int = 512,
        pretrained_window_size: Sequence[int] = (0, 0),
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        self.window_size = tuple(window_size)
        self.num_heads = num_heads
        self.attn_drop = attn_drop
        self.cpb_mlp = nn.Sequential(
            nn.Linear(2, cpb_mlp_hidden_dims),
            nn.ReLU(inplace=True),
            nn.Linear(cpb_mlp_hidden_dims, num_heads, bias=False),
        )
        self.logit_scale = nn.Parameter(torch.full((num_heads, 1, 1), math.log(10)))
        trained_size = pretrained_window_size if pretrained_window_size[0] > 0 else window_size
        self.relative_coords_table: Tensor
        self.relative_position_index: Tensor
        self.register_buffer("relative_coords_table", self.log_spaced_coords(window_size, trained_size))
        self.register_buffer("relative_position_index", relative_position_index(window_size))
        self.qkv = nn.Linear(embed_dims, embed_dims * 3, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(embed_dims)) if qkv_bias else None
        self.v_bias = nn.Parameter(torch.zeros(embed_dims)) if qkv_bias else None
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.proj_drop = nn.Dropout(proj_drop)

    @staticmethod
    def log_spaced_coords(window_size: Sequence[int], trained_size: Sequence[int]) -> Tensor:
        """All offsets of a window, (1, 2 * height - 1, 2 * width - 1, 2), on a logarithmic scale.

        The outermost offset of a window of ``trained_size`` lies at log2(9) / 3.
        """
        axes = [
            torch.arange(1 - size, size, dtype=torch.float32) / (trained - 1) * 8
            for size, trained in zip(window_size, trained_size)
        ]
        offsets = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).unsqueeze(0)
        return offsets.sign() * torch.log2(offsets.abs() + 1) / 3

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mix the tokens (B * W, N, C) of windows.

        Args:
            x: The tokens.
            mask: Added to the logits by window, (W, N, N).
        """
        qkv = F.linear(x, self.qkv.weight, qv_bias(self.q_bias, self.v_bias))
        q, k, v = split_heads(qkv, 3, self.num_heads)
        q = F.normalize(q, dim=-1) * self.logit_scale.clamp(max=math.log(100)).exp()
        table = self.cpb_mlp(self.relative_coords_table).view(-1, self.num_heads)
        bias = 16 * relative_position_bias(table, self.relative_position_index).sigmoid()
        dropout = self.attn_drop if self.training else 0.0
        q, k = q.to(v.dtype), F.normalize(k, dim=-1).to(v.dtype)
        x = windowed_attention(q, k, v, bias.to(v.dtype), mask, dropout, scale=1.0)
        return self.proj_drop(self.proj(x))


@MODELS.register_module()
@configurable
class ShiftWindowMSA(BaseModule):
    """Cut a map into windows, shifted if wanted, and attend within them.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of heads.
        window_size: Side of a window.
        shift_size: By how much the windows are shifted to the bottom right; 0 for regular windows.
        drop_path: Stochastic-depth rate, or another dropout of the branch.
        pad_small_map: Pad a map smaller than a window, as is usual in detection. Otherwise the map must be as
            large as a window, and one that is just as large is not shifted.
        window_msa: The attention within windows.
        init_cfg: How the weights are initialised.
        **kwargs: Further arguments of ``window_msa``.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        window_size: int,
        shift_size: int = 0,
        drop_path: float | nn.Module | None = 0.0,
        pad_small_map: bool = False,
        window_msa: Callable[..., nn.Module] = WindowMSA,
        init_cfg: dict | list[dict] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        if not 0 <= shift_size < window_size:
            raise ValueError(f"shift_size must be in [0, {window_size}), got {shift_size}")
        self.window_size = window_size
        self.shift_size = shift_size
        self.pad_small_map = pad_small_map
        self.w_msa = window_msa(
            embed_dims=embed_dims, num_heads=num_heads, window_size=to_2tuple(window_size), **kwargs
        )
        self.drop = make_drop_path(drop_path)

    def forward(self, query: Tensor, hw_shape: Sequence[int]) -> Tensor:
        """Mix tokens.

        Args:
            query: Tokens (B, height * width, C).
            hw_shape: Height and width of the map.
        """
        height, width = hw_shape
        size = self.window_size
        shift = self._shift_for(height, width)
        x = query.unflatten(1, (height, width))
        bottom, right = -height % size, -width % size
        if bottom or right:
            x = F.pad(x, (0, 0, 0, right, 0, bottom))
        padded = (height + bottom, width + right)
        mask = None
        if shift:
            x = torch.roll(x, shifts=(-shift, -shift), dims=(1, 2))
            mask = shifted_window_mask(padded, size, shift, x.device)
        x = self.w_msa(window_partition(x, size).flatten(1, 2), mask=mask)
        x = window_reverse(x, *padded, size)
        if shift:
            x = torch.roll(x, shifts=(shift, shift), dims=(1, 2))
        if bottom or right:
            x = x[:, :height, :width]
        return self.drop(x.flatten(1, 2))

    def _shift_for(self, height: int, width: int) -> int:
        shortest = min(height, width)
        if shortest < self.window_size and not self.pad_small_map:
            raise DataError(
                f"A map of {height} x {width} is smaller than a window of {self.window_size}",
                hint="Resize the images, or set pad_small_map=True or another window_size in model.backbone.",
            )
        return 0 if shortest == self.window_size and not self.pad_small_map else self.shift_size
