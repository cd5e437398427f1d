"""Rotary position embedding of image patches, and self-attention with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.layers.attention import MultiheadAttention, split_heads
from mmpretrain.models.layers.shape import to_2tuple


class RotaryEmbedding(nn.Module):
    """Turn pairs of channels by angles that grow with a patch's row (first half) and column (second half).

    Of `EVA-02 <https://arxiv.org/abs/2303.11331>`_, as MMPretrain 1.x computes it: the angles are those of a
    grid as large as half the number of channels, whatever the true grid, and frequencies are repeated as a
    series, so that the channels of a pair have different ones.

    Args:
        embed_dims: Number of channels D of a head.
        patch_resolution: The usual grid of patches; the angles of others are computed when they come.
        theta: Base of the geometric series of frequencies.
    """

    #: State dicts have the angles.
    persistent = True

    def __init__(
        self, embed_dims: int, patch_resolution: int | Sequence[int], theta: float = 10000.0
    ) -> None:
        super().__init__()
        self.half_dim = embed_dims // 2
        self.patch_resolution = to_2tuple(patch_resolution)
        self.theta = theta
        angles = self.angles(self.patch_resolution)
        self.freqs_cos: Tensor
        self.freqs_sin: Tensor
        self.register_buffer("freqs_cos", angles.cos(), persistent=self.persistent)
        self.register_buffer("freqs_sin", angles.sin(), persistent=self.persistent)

    def angles(self, hw: tuple[int, int], device: torch.device | None = None) -> Tensor:
        """The angles (h * w, D) of a grid of patches."""
        exponents = torch.arange(0, self.half_dim, 2, device=device, dtype=torch.float32) / self.half_dim
        frequencies = self.theta**-exponents
        rows, columns = (
            torch.outer(torch.arange(size, device=device) / size * self.half_dim, frequencies).repeat(1, 2)
            for size in hw
        )
        grid = (rows[:, None].expand(*hw, -1), columns[None, :].expand(*hw, -1))
        return torch.cat(grid, dim=-1).flatten(0, 1)

    def forward(self, x: Tensor, hw: tuple[int, int]) -> Tensor:
        """Rotate queries or keys (B, H, h * w, D) of a grid of patches."""
        cos, sin = self.freqs_cos, self.freqs_sin
        if tuple(hw) != self.patch_resolution:
            angles = self.angles(hw, x.device)
            cos, sin = angles.cos(), angles.sin()
        return x * cos + self.quarter_turn(x) * sin

    def quarter_turn(self, x: Tensor) -> Tensor:
        """Turn each pair of channels by 90 degrees; here, neighbours are a pair."""
        even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
        return torch.stack((-odd, even), dim=-1).flatten(-2)


class AxialRotaryEmbedding(RotaryEmbedding):
    """Rotary positions of `DINOv3 <https://arxiv.org/abs/2508.10104>`_.

    The centres of the patches lie between -1 and 1 along each edge, whatever the size of the image. A channel
    and the one half of the channels further are a pair.

    Args:
        embed_dims: Number of channels D of a head, a multiple of 4.
        patch_resolution: The usual grid of patches; the angles of others are computed when they come.
        theta: Base of the geometric series of periods.
    """

    persistent = False

    def __init__(self, embed_dims: int, patch_resolution: int | Sequence[int], theta: float = 100.0) -> None:
        super().__init__(embed_dims, patch_resolution, theta)

    def angles(self, hw: tuple[int, int], device: torch.device | None = None) -> Tensor:
        """The angles (h * w, D) of a grid of patches."""
        exponents = torch.arange(0, self.half_dim, 2, device=device, dtype=torch.float32) / self.half_dim
        frequencies = 2 * math.pi * self.theta**-exponents
        rows, columns = (
            torch.outer((torch.arange(size, device=device) + 0.5) / size * 2 - 1, frequencies) for size in hw
        )
        grid = (rows[:, None].expand(*hw, -1), columns[None, :].expand(*hw, -1))
        return torch.cat(grid, dim=-1).flatten(0, 1).repeat(1, 2)

    def quarter_turn(self, x: Tensor) -> Tensor:
        """Turn each pair of channels by 90 degrees."""
        first, second = x.chunk(2, dim=-1)
        return torch.cat((-second, first), dim=-1)


class AttentionWithRoPE(MultiheadAttention):
    """Self-attention whose queries and keys are rotated by position.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of heads.
        rope: Rotates the queries and keys of patches.
        **kwargs: Arguments of :class:`MultiheadAttention`.
    """

    def __init__(self, embed_dims: int, num_heads: int, rope: nn.Module, **kwargs: Any) -> None:
        super().__init__(embed_dims, num_heads, **kwargs)
        self.rope = rope

    def forward(self, x: Tensor, hw: tuple[int, int]) -> Tensor:  # type: ignore[override]
        """Mix tokens (B, N, C), the last of which are the patches of a grid ``hw``."""
        q, k, v = split_heads(self.qkv(x), 3, self.num_heads)
        extra = x.shape[1] - hw[0] * hw[1]
        q, k = (
            torch.cat((t[:, :, :extra], self.rope(t[:, :, extra:], hw)), dim=2).to(v.dtype) for t in (q, k)
        )
        return self.project(self.attend(q, k, v))
