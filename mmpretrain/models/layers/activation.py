"""Activations and up-sampling that PyTorch does not have."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.models.init import xavier_init
from mmpretrain.registry import MODELS


@MODELS.register_module(["Clip", "Clamp"])
class Clamp(nn.Module):
    """Cut values off at ``min`` and ``max``."""

    def __init__(self, min: float = -1.0, max: float = 1.0) -> None:
        super().__init__()
        self.min, self.max = min, max

    def forward(self, x: Tensor) -> Tensor:
        """Clamp ``x``."""
        return torch.clamp(x, self.min, self.max)


@MODELS.register_module()
class HSigmoid(nn.Module):
    """Hard sigmoid, ``clamp((x + bias) / divisor, min_value, max_value)``."""

    def __init__(
        self, bias: float = 3.0, divisor: float = 6.0, min_value: float = 0.0, max_value: float = 1.0
    ) -> None:
        super().__init__()
        if divisor == 0:
            raise ValueError("divisor must not be 0")
        self.bias, self.divisor = bias, divisor
        self.min_value, self.max_value = min_value, max_value
        self._is_standard = (bias, divisor, min_value, max_value) == (3, 6, 0, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Squash ``x``."""
        if self._is_standard:
            return F.hardsigmoid(x)
        return ((x + self.bias) / self.divisor).clamp(self.min_value, self.max_value)


@MODELS.register_module()
class Swish(nn.Module):
    """``x * sigmoid(x)``, with PyTorch's fused kernel."""

    def forward(self, x: Tensor) -> Tensor:
        """Activate ``x``."""
        return F.silu(x)


@MODELS.register_module()
class QuickGELU(nn.Module):
    """``x * sigmoid(1.702 * x)``, the GELU of `CLIP <https://arxiv.org/abs/2103.00020>`_."""

    def forward(self, x: Tensor) -> Tensor:
        """Activate ``x``."""
        return x * torch.sigmoid(1.702 * x)


@MODELS.register_module("pixel_shuffle")
class PixelShufflePack(nn.Module):
    """Convolve, then move groups of channels to neighbouring pixels (https://arxiv.org/abs/1609.05158).

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        scale_factor: How much larger the output is.
        upsample_kernel: Kernel size of the convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, scale_factor: int, upsample_kernel: int) -> None:
        super().__init__()
        self.scale_factor = scale_factor
        self.upsample_conv = nn.Conv2d(
            in_channels, out_channels * scale_factor**2, upsample_kernel, padding=(upsample_kernel - 1) // 2
        )
        self.init_weights()

    def init_weights(self) -> None:
        """Uniform Xavier."""
        xavier_init(self.upsample_conv, distribution="uniform")

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge ``x`` (B, C, H, W)."""
        return F.pixel_shuffle(self.upsample_conv(x), self.scale_factor)
