"""Normalisation over the channels of images: LayerNorm and global response normalisation."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.registry import MODELS

DataFormat = Literal["channel_first", "channel_last"]


@MODELS.register_module("LN2d")
class LayerNorm2d(nn.LayerNorm):
    """LayerNorm over the channels of an image.

    Args:
        num_channels: Number of channels.
        **kwargs: Arguments of ``nn.LayerNorm``.
    """

    def __init__(self, num_channels: int, **kwargs: Any) -> None:
        super().__init__(num_channels, **kwargs)
        self.num_channels = self.normalized_shape[0]

    def forward(self, x: Tensor, data_format: DataFormat = "channel_first") -> Tensor:
        """Normalise ``x``, (B, C, H, W) or, with ``'channel_last'``, (B, H, W, C).

        A (B, C, H, W) output is in channels-last memory format, which spares the layers after it copies.
        """
        if x.ndim != 4:
            raise ValueError(f"LayerNorm2d expects an input with 4 axes, got shape {tuple(x.shape)}")
        if data_format == "channel_last":
            return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


@MODELS.register_module()
class GRN(nn.Module):
    """Global response normalisation (`ConvNeXt V2 <https://arxiv.org/abs/2301.00808>`_).

    Each channel is scaled by its L2 norm over the image, relative to the mean norm of all channels.

    Args:
        in_channels: Number of channels.
        eps: Added to the mean norm.
    """

    def __init__(self, in_channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.eps = eps
        self.gamma = nn.Parameter(torch.zeros(in_channels))
        self.beta = nn.Parameter(torch.zeros(in_channels))

    def forward(self, x: Tensor, data_format: DataFormat = "channel_first") -> Tensor:
        """Normalise ``x``, (B, C, H, W) or, with ``'channel_last'``, (B, H, W, C)."""
        last = data_format == "channel_last"
        norm = x.norm(p=2, dim=(1, 2) if last else (2, 3), keepdim=True)
        relative = norm / (norm.mean(dim=-1 if last else 1, keepdim=True) + self.eps)
        shape = (-1,) if last else (-1, 1, 1)
        # gamma * (x * relative) + beta + x, with one pass over the large tensor less
        return x * (self.gamma.view(shape) * relative + 1) + self.beta.view(shape)
