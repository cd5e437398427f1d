"""The blocks of mobile networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn

from mmpretrain.models.base import BaseModule

from .configurable import Act, Conv, Norm, configurable
from .conv_module import ConvModule
from .drop import DropPath
from .se_layer import squeeze_from


@partial(configurable, se_cfg=("se", squeeze_from))
class InvertedResidual(BaseModule):
    """Widen, convolve each channel by itself, narrow (`MobileNetV2 <https://arxiv.org/abs/1801.04381>`_).

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        mid_channels: Channels of the depth-wise convolution.
        kernel_size: Of the depth-wise convolution.
        stride: Of the depth-wise convolution, 1 or 2.
        se: Makes a squeeze and excitation; None is without.
        conv: The convolution.
        norm: The norm.
        act: The activation.
        drop_path_rate: Rate of stochastic depth.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        se: Callable[[], nn.Module] | None = None,
        conv: Conv = nn.Conv2d,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
        drop_path_rate: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if stride not in (1, 2):
            raise ValueError(f"stride must be 1 or 2, got {stride!r}")
        parts: dict[str, Any] = {"conv": conv, "norm": norm}
        self.with_res_shortcut = stride == 1 and in_channels == out_channels
        self.with_expand_conv = mid_channels != in_channels
        self.with_se = se is not None
        self.drop_path = DropPath(drop_path_rate) if drop_path_rate > 0 else nn.Identity()
        if self.with_expand_conv:
            self.expand_conv = ConvModule(in_channels, mid_channels, 1, act=act, **parts)
        self.depthwise_conv = ConvModule(
            mid_channels,
            mid_channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            groups=mid_channels,
            act=act,
            **parts,
        )
        if se is not None:
            self.se = se()
        self.linear_conv = ConvModule(mid_channels, out_channels, 1, act=None, **parts)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride)."""
        out = self.depthwise_conv(self.expand_conv(x) if self.with_expand_conv else x)
        out = self.linear_conv(self.se(out) if self.with_se else out)
        return x + self.drop_path(out) if self.with_res_shortcut else out


@configurable
class LinearBottleneck(BaseModule):
    """Widen, convolve each channel by itself, narrow; added to the identity where the shape allows.

    As :class:`InvertedResidual`, but for the names in state dicts: MobileNetV2 and MobileViT number the
    convolutions.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        stride: Stride of the depth-wise convolution.
        expand_ratio: How much to widen.
        conv: The convolution.
        norm: The norm, or None.
        act: The activation.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        expand_ratio: float,
        conv: Conv = nn.Conv2d,
        norm: Norm | None = nn.BatchNorm2d,
        act: Act = nn.ReLU6,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        parts: dict[str, Any] = {"conv": conv, "norm": norm}
        mid = round(in_channels * expand_ratio)
        self.use_res_connect = stride == 1 and in_channels == out_channels
        self.conv = nn.Sequential(
            *([ConvModule(in_channels, mid, 1, act=act, **parts)] if expand_ratio != 1 else []),
            ConvModule(mid, mid, 3, stride=stride, padding=1, groups=mid, act=act, **parts),
            ConvModule(mid, out_channels, 1, act=None, **parts),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride)."""
        return x + self.conv(x) if self.use_res_connect else self.conv(x)
