"""Attention over channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from torch import Tensor, nn

from mmpretrain.models.base import BaseModule

from .channels import make_divisible
from .configurable import Act, Conv, act_from, configurable
from .conv_module import ConvModule


def _acts(cfg: Mapping[str, Any] | Sequence[Any] | Act) -> Act | Sequence[Act]:
    return [act_from(one) for one in cfg] if isinstance(cfg, Sequence) else act_from(cfg)


@partial(configurable, act_cfg=("act", _acts))
class SELayer(BaseModule):
    """Squeeze and excitation (`SENet <https://arxiv.org/abs/1709.01507>`_).

    Args:
        channels: Input and output channels.
        squeeze_channels: Channels in the middle; by default ``channels // ratio``, made divisible.
        ratio: How much to squeeze.
        divisor: The channels in the middle are divisible by this number.
        bias: Bias of the convolutions.
        conv: The convolution.
        act: Activation of both convolutions, or one for each.
        return_weight: Output the weights of the channels, not the weighted input.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        channels: int,
        squeeze_channels: int | None = None,
        ratio: int = 16,
        divisor: int = 8,
        bias: bool | Literal["auto"] = "auto",
        conv: Conv = nn.Conv2d,
        act: Act | Sequence[Act] = (nn.ReLU, nn.Sigmoid),
        return_weight: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        first, second = act if isinstance(act, Sequence) else (act, act)
        if squeeze_channels is None:
            squeeze_channels = make_divisible(channels // ratio, divisor)
        if not isinstance(squeeze_channels, int) or squeeze_channels <= 0:
            raise ValueError(f"squeeze_channels must be a positive integer, got {squeeze_channels!r}")
        self.return_weight = return_weight
        self.global_avgpool = nn.AdaptiveAvgPool2d(1)
        self.conv1 = ConvModule(channels, squeeze_channels, 1, bias=bias, conv=conv, act=first)
        self.conv2 = ConvModule(squeeze_channels, channels, 1, bias=bias, conv=conv, act=second)

    def forward(self, x: Tensor) -> Tensor:
        """Weigh the channels of ``x`` (B, C, H, W)."""
        weight = self.conv2(self.conv1(self.global_avgpool(x)))
        return weight if self.return_weight else x * weight


def squeeze_from(cfg: Mapping[str, Any] | None) -> Callable[[], nn.Module] | None:
    """Return what makes the :class:`SELayer` of its arguments; None stays None."""
    return None if cfg is None else partial(SELayer, **cfg)
