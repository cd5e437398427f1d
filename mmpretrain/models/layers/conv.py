"""Convolutions that PyTorch does not have."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.registry import MODELS

from .configurable import Act, Norm, act_from, configurable, norm_from
from .conv_module import ConvModule

Default = Literal["default"]


@MODELS.register_module()
class Conv2dAdaptivePadding(nn.Conv2d):
    """TensorFlow's ``padding='same'``: the output is ``ceil(input / stride)``, the odd pixel right and below.

    The arguments are those of ``nn.Conv2d``; ``padding`` is ignored.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, 0, dilation, groups, bias)

    def forward(self, x: Tensor) -> Tensor:
        """Pad as far as the size of ``x`` (B, C, H, W) needs it, and convolve."""
        pads: list[int] = []
        for axis in (1, 0):  # F.pad starts from the last axis
            size, step = x.shape[axis + 2], self.stride[axis]
            reach = (self.kernel_size[axis] - 1) * self.dilation[axis] + 1
            total = max((math.ceil(size / step) - 1) * step + reach - size, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(F.pad(x, pads) if any(pads) else x)


@MODELS.register_module("ConvWS")
class ConvWS2d(nn.Conv2d):
    """Convolution with standardised kernels (`Weight Standardization <https://arxiv.org/abs/1903.10520>`_).

    Args:
        *args: Arguments of ``nn.Conv2d``.
        eps: Added to the standard deviation.
        **kwargs: Arguments of ``nn.Conv2d``.
    """

    def __init__(self, *args: Any, eps: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``x`` (B, C, H, W)."""
        std, mean = torch.std_mean(self.weight, dim=(1, 2, 3), keepdim=True)
        return self._conv_forward(x, (self.weight - mean) / (std + self.eps), self.bias)


@MODELS.register_module("ConvAWS")
class ConvAWS2d(nn.Conv2d):
    """Convolution with standardised kernels that keeps their mean and deviation aside, as buffers.

    See `DetectoRS <https://arxiv.org/abs/2006.02334>`_. Weights of an ordinary convolution can be loaded:
    it computes the same with them.

    Args:
        in_channels: As in ``nn.Conv2d``, like all others.
        out_channels: Output channels.
        kernel_size: Size of the kernel.
        stride: Step of the kernel.
        padding: Padding on both sides.
        dilation: Spacing of the kernel.
        groups: Number of groups.
        bias: Add a bias.
    """

    weight_gamma: Tensor
    weight_beta: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        self.register_buffer("weight_gamma", torch.ones(out_channels, 1, 1, 1))
        self.register_buffer("weight_beta", torch.zeros(out_channels, 1, 1, 1))
        self.register_load_state_dict_pre_hook(_keep_statistics)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``x`` (B, C, H, W)."""
        mean, std = _kernel_statistics(self.weight)
        weight = self.weight_gamma * (self.weight - mean) / std + self.weight_beta
        return self._conv_forward(x, weight, self.bias)


def _kernel_statistics(weight: Tensor) -> tuple[Tensor, Tensor]:
    var, mean = torch.var_mean(weight, dim=(1, 2, 3), keepdim=True)
    return mean, (var + 1e-5).sqrt()


def _keep_statistics(module: ConvAWS2d, state_dict: dict[str, Tensor], prefix: str, *_: object) -> None:
    """Before weights of an ordinary convolution are loaded, add their mean and deviation."""
    weight = state_dict.get(prefix + "weight")
    if weight is not None and prefix + "weight_gamma" not in state_dict:
        state_dict[prefix + "weight_beta"], state_dict[prefix + "weight_gamma"] = _kernel_statistics(weight)


@MODELS.register_module()
@partial(
    configurable,
    dw_norm_cfg=("dw_norm", norm_from),
    dw_act_cfg=("dw_act", act_from),
    pw_norm_cfg=("pw_norm", norm_from),
    pw_act_cfg=("pw_act", act_from),
)
class DepthwiseSeparableConvModule(nn.Module):
    """A depth-wise and a point-wise :class:`ConvModule` (`MobileNets <https://arxiv.org/abs/1704.04861>`_).

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        kernel_size: Of the depth-wise convolution, like the next three.
        stride: Step of the kernel.
        padding: Padding on both sides.
        dilation: Spacing of the kernel.
        norm: Norm of both.
        act: Activation of both.
        dw_norm: Norm of the depth-wise one, if it differs; likewise the next three.
        dw_act: Activation of the depth-wise one.
        pw_norm: Norm of the point-wise one.
        pw_act: Activation of the point-wise one.
        **kwargs: Other arguments of both.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        norm: Norm | None = None,
        act: Act | None = nn.ReLU,
        dw_norm: Norm | Default | None = "default",
        dw_act: Act | Default | None = "default",
        pw_norm: Norm | Default | None = "default",
        pw_act: Act | Default | None = "default",
        **kwargs: Any,
    ) -> None:
        super().__init__()
        if "groups" in kwargs:
            raise TypeError("The number of groups of a depth-wise convolution is fixed")
        self.depthwise_conv = ConvModule(
            in_channels,
            in_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=in_channels,
            norm=norm if dw_norm == "default" else dw_norm,
            act=act if dw_act == "default" else dw_act,
            **kwargs,
        )
        self.pointwise_conv = ConvModule(
            in_channels,
            out_channels,
            1,
            norm=norm if pw_norm == "default" else pw_norm,
            act=act if pw_act == "default" else pw_act,
            **kwargs,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        return self.pointwise_conv(self.depthwise_conv(x))
