"""ShuffleNetV2 (`Practical Guidelines for Efficient CNN Architecture Design <https://arxiv.org/abs/1807.11164>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base import BaseModule
from mmpretrain.models.init import as_list, constant_init, is_pretrained, normal_init
from mmpretrain.models.layers import ConvModule, channel_shuffle
from mmpretrain.models.layers.configurable import Act, act_from, configurable, conv_from, norm_from
from mmpretrain.registry import MODELS


@configurable
class InvertedResidual(BaseModule):
    """Half of the channels pass unchanged, or through a branch of their own where the size is halved.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        stride: 2 where the size is halved.
        act: Type of activation.
        init_cfg: How the weights are initialised.
        **parts: ``conv`` and ``norm``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        act: Act = nn.ReLU,
        init_cfg: dict | list[dict] | None = None,
        **parts: Any,
    ) -> None:
        super().__init__(init_cfg)
        half = out_channels // 2
        if stride == 1 and in_channels != 2 * half:
            raise ArgumentError(
                f"With stride 1, {in_channels} channels cannot become {out_channels}", key="stride"
            )
        self.stride = stride

        def point_wise(channels: int) -> nn.Module:
            return ConvModule(channels, half, 1, act=act, **parts)

        def depth_wise(channels: int) -> nn.Module:
            shape = {"stride": stride, "padding": 1, "groups": channels}
            return ConvModule(channels, channels, 3, act=None, **shape, **parts)

        if stride > 1:
            self.branch1 = nn.Sequential(depth_wise(in_channels), point_wise(in_channels))
        first = point_wise(in_channels if stride > 1 else half)
        self.branch2 = nn.Sequential(first, depth_wise(half), point_wise(half))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride)."""
        if self.stride > 1:
            halves = (self.branch1(x), self.branch2(x))
        else:
            passing, changed = x.chunk(2, dim=1)
            halves = (passing, self.branch2(changed))
        return channel_shuffle(torch.cat(halves, dim=1), 2)


@MODELS.register_module()
class ShuffleNetV2(BaseBackbone):
    """ShuffleNetV2: a stem, three stages and a 1×1 convolution.

    From `Practical Guidelines for Efficient CNN Architecture Design
    <https://arxiv.org/abs/1807.11164>`_.

    Args:
        widen_factor: 0.5, 1.0, 1.5 or 2.0.
        out_indices: Outputs; 0 to 2 are the stages, 3 is the last convolution.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        act_cfg: Type of activation.
        in_channels: Number of channels of the images.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    #: Widths of the stages and of the last convolution, by ``widen_factor``.
    arch_settings: Mapping[Any, Any] = {
        0.5: (48, 96, 192, 1024),
        1.0: (116, 232, 464, 1024),
        1.5: (176, 352, 704, 1024),
        2.0: (244, 488, 976, 2048),
    }
    stage_blocks = (4, 8, 4)
    stem_names = ("conv1",)
    stage_names: Sequence[str] = ("layers.0", "layers.1", "layers.2", "layers.3")

    def __init__(
        self,
        widen_factor: float = 1.0,
        out_indices: int | Sequence[int] = (3,),
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
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, act, conv = norm_from(norm_cfg), act_from(act_cfg), conv_from(conv_cfg)
        self.out_indices = self.take_indices(out_indices, len(self.stage_names))
        self.in_channels = in_channels
        self.make_layers(widen_factor, {"conv": conv, "norm": norm, "act": act})
        self.freeze_declared(__class__)

    def make_stem(self, channels: int, parts: dict[str, Any]) -> int:
        """Add the stem, and a list for the stages; returns its ``channels``."""
        self.conv1 = ConvModule(self.in_channels, channels, 3, stride=2, padding=1, **parts)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layers = nn.ModuleList()
        return channels

    def make_layers(self, widen_factor: float, parts: dict[str, Any]) -> None:
        """Add the stem and the stages."""
        *widths, last = self.get_arch(widen_factor, key="widen_factor")
        channels = self.make_stem(24, parts)
        for width, blocks in zip(widths, self.stage_blocks):
            first = InvertedResidual(channels, width, stride=2, **parts)
            rest = (InvertedResidual(width, width, **parts) for _ in range(blocks - 1))
            self.layers.append(nn.Sequential(first, *rest))
            channels = width
        self.layers.append(ConvModule(channels, last, 1, **parts))

    def init_weights(self) -> None:
        """Normal for convolutions, by fan-in; batch norms start slightly above zero."""
        super().init_weights()
        if any(map(is_pretrained, as_list(self.init_cfg or []))):
            return
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d):
                normal_init(module, std=0.01 if "conv1" in name else 1.0 / module.weight.shape[1])
            elif isinstance(module, (_BatchNorm, nn.GroupNorm)):
                constant_init(module, 1, bias=0.0001)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to stages, the last of shape (B, C, H / 32, W / 32)."""
        return self.forward_stages(self.maxpool(self.conv1(x)), self.stage_names)
