"""Rotary position embedding of image patches."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

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
        self.register_buffer("freqs_cos", angles.cos())
        self.register_buffer("freqs_sin", angles.sin())

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
        even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
        return x * cos + torch.stack((-odd, even), dim=-1).flatten(-2) * sin
