"""Convolution, normalisation and activation as one module."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmpretrain.models.init import constant_init, kaiming_init
from mmpretrain.registry import MODELS

from .build import build_padding_layer, norm_abbr
from .configurable import Act, Conv, Norm, configurable, make_act

Size = int | tuple[int, int]


@MODELS.register_module()
@configurable
class ConvModule(nn.Module):
    """A convolution with its norm and activation, in any order.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        kernel_size: As in ``nn.Conv2d``, like the next four.
        stride: Step of the kernel.
        padding: Padding on both sides.
        dilation: Spacing of the kernel.
        groups: Number of groups.
        bias: ``'auto'`` gives the convolution a bias if it has no norm.
        conv: The convolution.
        norm: The norm, or None.
        act: The activation, or None.
        inplace: Let the activation overwrite its input, if it can.
        with_spectral_norm: Normalise the kernel spectrally.
        padding_mode: ``'zeros'`` or ``'circular'`` as in ``nn.Conv2d``, or the type of a padding layer.
        order: Order of the three parts.
        efficient_conv_bn_eval: Fold a batch norm in evaluation mode into the convolution while running
            (`Efficient ConvBN Blocks <https://arxiv.org/abs/2305.11624>`_); gradients still flow to both.
    """

    _abbr_ = "conv_block"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool | Literal["auto"] = "auto",
        conv: Conv = nn.Conv2d,
        norm: Norm | None = None,
        act: Act | None = nn.ReLU,
        inplace: bool = True,
        with_spectral_norm: bool = False,
        padding_mode: str = "zeros",
        order: tuple[str, str, str] = ("conv", "norm", "act"),
        efficient_conv_bn_eval: bool = False,
    ) -> None:
        super().__init__()
        if sorted(order) != ["act", "conv", "norm"]:
            raise ValueError(f"order must hold 'conv', 'norm' and 'act', got {order!r}")
        self.inplace = inplace
        self.order = tuple(order)
        self.with_norm = norm is not None
        self.with_activation = act is not None
        self.with_bias = not self.with_norm if bias == "auto" else bool(bias)
        self.with_spectral_norm = with_spectral_norm
        self.with_explicit_padding = padding_mode not in ("zeros", "circular")
        self.efficient_conv_bn_eval = efficient_conv_bn_eval

        if self.with_explicit_padding:
            self.padding_layer = build_padding_layer({"type": padding_mode}, padding)
        shape: dict[str, Any] = {"stride": stride, "dilation": dilation, "groups": groups}
        if padding_mode == "circular":
            shape["padding_mode"] = padding_mode
        layer = conv(
            in_channels,
            out_channels,
            kernel_size,
            padding=0 if self.with_explicit_padding else padding,
            bias=self.with_bias,
            **shape,
        )
        self.in_channels, self.out_channels = layer.in_channels, layer.out_channels
        self.kernel_size, self.stride, self.padding = layer.kernel_size, layer.stride, padding
        self.dilation, self.groups = layer.dilation, layer.groups
        self.transposed, self.output_padding = layer.transposed, layer.output_padding
        self.conv = nn.utils.spectral_norm(layer) if with_spectral_norm else layer

        self.norm_name: str | None = None
        if norm is not None:
            after_conv = order.index("norm") > order.index("conv")
            norm_layer = norm(out_channels if after_conv else in_channels)
            self.norm_name = norm_abbr(type(norm_layer))
            self.add_module(self.norm_name, norm_layer)
        if act is not None:
            self.activate = make_act(act, inplace)
        self.init_weights()

    @property
    def norm(self) -> nn.Module | None:
        """The norm, whatever its attribute name."""
        return getattr(self, self.norm_name) if self.norm_name else None

    def init_weights(self) -> None:
        """Kaiming for the convolution, unless it has its own ``init_weights``; one and zero for the norm."""
        if not hasattr(self.conv, "init_weights"):
            act = self.activate if self.with_activation else None
            slope = act.negative_slope if isinstance(act, nn.LeakyReLU) else 0
            kaiming_init(self.conv, a=slope, nonlinearity="leaky_relu" if slope else "relu")
        if self.norm is not None:
            constant_init(self.norm, 1)

    def forward(self, x: Tensor, activate: bool = True, norm: bool = True) -> Tensor:
        """Apply the parts in order; ``activate`` and ``norm`` leave theirs out when False."""
        folded = norm and self._folds_norm()
        for part in self.order:
            if part == "conv":
                x = self.padding_layer(x) if self.with_explicit_padding else x
                x = _conv_with_folded_norm(self.conv, self.norm, x) if folded else self.conv(x)
            elif part == "norm" and norm and not folded and self.norm is not None:
                x = self.norm(x)
            elif part == "act" and activate and self.with_activation:
                x = self.activate(x)
        return x

    def _folds_norm(self) -> bool:
        return (
            self.efficient_conv_bn_eval
            and isinstance(self.norm, _BatchNorm)
            and self.norm.track_running_stats
            and not self.norm.training
            and "conv,norm" in ",".join(self.order)
        )


def _conv_with_folded_norm(conv: Any, norm: Any, x: Tensor) -> Tensor:
    scale = torch.rsqrt(norm.running_var + norm.eps)
    scale = scale if norm.weight is None else scale * norm.weight
    shift = -norm.running_mean * scale
    shift = shift if norm.bias is None else shift + norm.bias
    if conv.bias is not None:
        shift = shift + conv.bias * scale
    channel = 1 if conv.transposed else 0
    shape = [1] * conv.weight.ndim
    shape[channel] = -1
    folded = {"weight": conv.weight * scale.reshape(shape), "bias": shift}
    return torch.func.functional_call(conv, folded, (x,), strict=False)
