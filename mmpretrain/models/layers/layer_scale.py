"""A learnable scale per channel."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn


class LayerScale(nn.Module):
    """Multiply each channel with a learnable weight (`CaiT <https://arxiv.org/abs/2103.17239>`_).

    Args:
        dim: Number of channels.
        layer_scale_init_value: Start value, a number or one per channel.
        inplace: Overwrite the input.
        data_format: ``'channels_last'`` for (B, ..., C), ``'channels_first'`` for (B, C, ...).
    """

    def __init__(
        self,
        dim: int,
        layer_scale_init_value: float | Tensor = 1e-5,
        inplace: bool = False,
        data_format: Literal["channels_last", "channels_first"] = "channels_last",
    ) -> None:
        super().__init__()
        if data_format not in ("channels_last", "channels_first"):
            raise ValueError(f"data_format must be 'channels_last' or 'channels_first', got {data_format!r}")
        self.inplace = inplace
        self.data_format = data_format
        self.weight = nn.Parameter(torch.ones(dim) * layer_scale_init_value)

    def forward(self, x: Tensor) -> Tensor:
        """Scale the channels of ``x``."""
        weight = self.weight
        if self.data_format == "channels_first":
            weight = weight.view(-1, *(1,) * (x.ndim - 2))
        return x.mul_(weight) if self.inplace else x * weight


def layer_scale(dim: int, init_value: float | Tensor) -> nn.Module:
    """A :class:`LayerScale`, or an identity where ``init_value`` is not positive."""
    wanted = bool((init_value > 0).all()) if isinstance(init_value, Tensor) else init_value > 0
    return LayerScale(dim, init_value) if wanted else nn.Identity()
