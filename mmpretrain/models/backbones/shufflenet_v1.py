"""ShuffleNetV1 (`An Extremely Efficient CNN for Mobile Devices <https://arxiv.org/abs/1707.01083>`_)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.shufflenet_v2 import ShuffleNetV2
from mmpretrain.models.base import BaseModule
from mmpretrain.models.layers import ConvModule, channel_shuffle, make_divisible
from mmpretrain.models.layers.configurable import Act, configurable
from mmpretrain.registry import MODELS


@configurable
class ShuffleUnit(BaseModule):
    """A bottleneck of group convolutions, with a shuffle between them.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        groups: Groups of the 1×1 convolutions.
        first_block: Whether the first 1×1 convolution has one group, as there are few channels yet.
        combine: ``'add'`` the input, or halve the size and ``'concat'`` the pooled input.
        act: Type of activation.
        **parts: ``conv`` and ``norm``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        groups: int = 3,
        first_block: bool = True,
        combine: str = "add",
        act: Act = nn.ReLU,
        **parts: Any,
    ) -> None:
        super().__init__()
        if combine not in ("add", "concat") or (combine == "add" and in_channels != out_channels):
            raise ArgumentError(
                f"combine={combine!r} must be 'concat', or 'add' for as many output as input channels; "
                f"got {in_channels} and {out_channels}",
                key="combine",
            )
        self.groups, self.halves = groups, combine == "concat"
        mid = out_channels // 4
        new = out_channels - in_channels if self.halves else out_channels
        compress_groups = 1 if first_block else groups
        self.g_conv_1x1_compress = ConvModule(in_channels, mid, 1, groups=compress_groups, act=act, **parts)
        stride = 2 if self.halves else 1
        self.depthwise_conv3x3_bn = ConvModule(
            mid, mid, 3, stride=stride, padding=1, groups=mid, act=None, **parts
        )
        self.g_conv_1x1_expand = ConvModule(mid, new, 1, groups=groups, act=None, **parts)
        self.avgpool = nn.AvgPool2d(3, stride=2, padding=1)
        self.act = act()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape, or to (B, C', H / 2, W / 2)."""
        out = self.depthwise_conv3x3_bn(self.g_conv_1x1_compress(x))
        if self.groups > 1:
            out = channel_shuffle(out, self.groups)
        out = self.g_conv_1x1_expand(out)
        return torch.cat((self.avgpool(x), self.act(out)), 1) if self.halves else self.act(x + out)


@MODELS.register_module()
class ShuffleNetV1(ShuffleNetV2):
    """ShuffleNetV1: a stem and three stages.

    From `An Extremely Efficient Convolutional Neural Network for Mobile Devices
    <https://arxiv.org/abs/1707.01083>`_.

    Args:
        groups: 1, 2, 3, 4 or 8 groups of the 1×1 convolutions.
        widen_factor: Multiplies all widths.
        out_indices: Stages to output.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        act_cfg: Type of activation.
        in_channels: Number of channels of the images.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    #: Widths of the stages, by groups: all cost about the same.
    arch_settings = {
        1: (144, 288, 576),
        2: (200, 400, 800),
        3: (240, 480, 960),
        4: (272, 544, 1088),
        8: (384, 768, 1536),
    }
    stage_names = ("layers.0", "layers.1", "layers.2")

    def __init__(
        self,
        groups: int = 3,
        widen_factor: float = 1.0,
        out_indices: int | Sequence[int] = (2,),
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "BN"},  # noqa: B006
        act_cfg: dict = {"type": "ReLU"},  # noqa: B006
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
        in_channels: int = 3,
    ) -> None:
        self.groups = groups
        super().__init__(
            widen_factor,
            out_indices,
            frozen_stages,
            conv_cfg,
            norm_cfg,
            act_cfg,
            norm_eval,
            with_cp,
            init_cfg,
            freeze=freeze,
            in_channels=in_channels,
        )
        self.freeze_declared(__class__)

    def make_layers(self, widen_factor: float, parts: dict[str, Any]) -> None:
        widths = [
            make_divisible(width * widen_factor, 8) for width in self.get_arch(self.groups, key="groups")
        ]
        channels = self.make_stem(int(24 * widen_factor), parts)
        for i, (width, blocks) in enumerate(zip(widths, self.stage_blocks)):
            halving = ShuffleUnit(channels, width, self.groups, i == 0, "concat", **parts)
            rest = (ShuffleUnit(width, width, self.groups, False, **parts) for _ in range(blocks - 1))
            self.layers.append(nn.Sequential(halving, *rest))
            channels = width
