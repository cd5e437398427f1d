"""Attention over channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from mmpretrain.models.base import BaseModule

from .channels import make_divisible
from .conv_module import ConvModule


class SELayer(BaseModule):
    """Squeeze and excitation (`SENet <https://arxiv.org/abs/1709.01507>`_).

    Args:
        channels: Input and output channels.
        squeeze_channels: Channels in the middle; by default ``channels // ratio``, made divisible.
        ratio: How much to squeeze.
        divisor: The channels in the middle are divisible by this number.
        bias: Bias of the convolutions.
        conv_cfg: Type of convolution.
        act_cfg: Activation of both convolutions, or one for each.
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
        conv_cfg: dict | None = None,
        act_cfg: dict | Sequence[dict] = ({"type": "ReLU"}, {"type": "Sigmoid"}),
        return_weight: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        first, second = (act_cfg, act_cfg) if isinstance(act_cfg, dict) else act_cfg
        if squeeze_channels is None:
            squeeze_channels = make_divisible(channels // ratio, divisor)
        if not isinstance(squeeze_channels, int) or squeeze_channels <= 0:
            raise ValueError(f"squeeze_channels must be a positive integer, got {squeeze_channels!r}")
        self.return_weight = return_weight
        self.global_avgpool = nn.AdaptiveAvgPool2d(1)
        self.conv1 = ConvModule(channels, squeeze_channels, 1, bias=bias, conv_cfg=conv_cfg, act_cfg=first)
        self.conv2 = ConvModule(squeeze_channels, channels, 1, bias=bias, conv_cfg=conv_cfg, act_cfg=second)

    def forward(self, x: Tensor) -> Tensor:
        """Weigh the channels of ``x`` (B, C, H, W)."""
        weight = self.conv2(self.conv1(self.global_avgpool(x)))
        return weight if self.return_weight else x * weight
