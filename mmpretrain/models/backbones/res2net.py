"""Res2Net (`A New Multi-scale Backbone Architecture <https://arxiv.org/abs/1904.01169>`_)."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor, nn
from typing_extensions import Unpack

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.resnet import Bottleneck, ResLayer, ResNet, ResNetBodyOptions
from mmpretrain.models.base import ModuleList
from mmpretrain.models.layers import ConvSpec
from mmpretrain.models.layers.configurable import Conv, Norm, configurable
from mmpretrain.registry import MODELS


@configurable
class Bottle2neck(Bottleneck):
    """A bottleneck whose 3×3 convolution is a ladder over groups of channels.

    Where the block changes the shape, the groups are convolved side by side, and the last is pooled.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        scales: Number of groups.
        base_width: Channels of a group in the first stage.
        base_channels: Channels in the middle of the blocks of the first stage, were it a ResNet.
        conv: The convolutions.
        norm: The norms.
        **kwargs: Arguments of :class:`Bottleneck`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        scales: int = 4,
        base_width: int = 26,
        base_channels: int = 64,
        conv: Conv = nn.Conv2d,
        norm: Norm = nn.BatchNorm2d,
        **kwargs: Any,
    ) -> None:
        if scales <= 1:
            raise ArgumentError(
                f"With scales={scales}, a Res2Net would be a ResNet; it must be above 1", key="scales"
            )
        self.scales = scales
        self.width = math.floor(out_channels // self.default_expansion * (base_width / base_channels))
        super().__init__(in_channels, out_channels, conv=conv, norm=norm, **kwargs)
        second = self.conv_specs()[1]
        shape = {"stride": second.stride, "padding": second.dilation, "dilation": second.dilation}
        steps = range(self.scales - 1)
        self.convs = ModuleList(conv(self.width, self.width, 3, bias=False, **shape) for _ in steps)
        self.bns = ModuleList(norm(self.width) for _ in steps)
        self.pool = nn.AvgPool2d(3, stride=second.stride, padding=1)

    def make_branch(self, conv: Conv, norm: Norm) -> None:
        first, _, third = self.conv_specs()
        wide = self.width * self.scales
        self.add_conv_norm(1, first._replace(out_channels=wide), conv, norm)
        self.add_conv_norm(3, ConvSpec(wide, third.out_channels, 1), conv, norm)

    def branch(self, x: Tensor) -> Tensor:
        *groups, last = self.relu(self.conv_norm(1, x)).split(self.width, 1)
        changes_shape = self.downsample is not None
        outs: list[Tensor] = []
        for group, conv, norm in zip(groups, self.convs, self.bns):
            entry = group if changes_shape or not outs else outs[-1] + group
            outs.append(self.relu(norm(conv(entry.contiguous()))))
        return self.conv_norm(3, torch.cat((*outs, self.pool(last) if changes_shape else last), 1))


class Res2Layer(ResLayer):
    """A stage of Res2Net."""

    always_pools = True


@MODELS.register_module()
class Res2Net(ResNet):
    """ResNet whose blocks see several scales.

    From `A New Multi-scale Backbone Architecture <https://arxiv.org/abs/1904.01169>`_.

    The depths are 50, 101 and 152, with the blocks per stage of :class:`ResNet`.

    Args:
        scales: Groups of channels in a block.
        base_width: Channels of a group in the first stage.
        style: Where a bottleneck has its stride.
        deep_stem: Three 3×3 convolutions in place of one 7×7.
        avg_down: Average pooling in place of strided convolutions on the identity.
        init_cfg: How the weights are initialised.
        depth: Number of layers.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
        **kwargs: Arguments of :class:`ResNet`.
    """

    arch_settings = {depth: (Bottle2neck, ResNet.arch_settings[depth][1]) for depth in (50, 101, 152)}
    layer_class = Res2Layer

    def __init__(
        self,
        scales: int = 4,
        base_width: int = 26,
        style: Literal["pytorch", "caffe"] = "pytorch",
        deep_stem: bool = True,
        avg_down: bool = True,
        init_cfg: dict | list[dict] | None = None,
        *,
        depth: int,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        **kwargs: Unpack[ResNetBodyOptions],
    ) -> None:
        self.scales, self.base_width = scales, base_width
        super().__init__(
            depth,
            style=style,
            deep_stem=deep_stem,
            avg_down=avg_down,
            init_cfg=init_cfg,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            freeze=freeze,
            **kwargs,
        )
        self.freeze_declared(__class__)

    def block_options(self) -> dict[str, Any]:
        return {"scales": self.scales, "base_width": self.base_width, "base_channels": self.base_channels}
