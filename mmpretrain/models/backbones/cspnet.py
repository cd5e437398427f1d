"""CSPNet (`Cross Stage Partial Networks <https://arxiv.org/abs/1911.11929>`_).

Half of a stage's channels go through its blocks, the other half around them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base import BaseModule, Sequential
from mmpretrain.models.layers import Bottleneck, ConvModule, DepthwiseSeparableConvModule, DropPath
from mmpretrain.models.layers.configurable import (
    Act,
    Conv,
    Norm,
    act_from,
    configurable,
    conv_from,
    norm_from,
    parts_for,
)
from mmpretrain.models.layers.drop import drop_path_rates
from mmpretrain.registry import MODELS

LEAKY_RELU = {"type": "LeakyReLU", "inplace": True}


@configurable
class DarknetBottleneck(BaseModule):
    """A 1×1 and a 3×3 convolution, added to the input.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        expansion: Output channels over those in the middle.
        add_identity: Add the input, where the shape allows.
        use_depthwise: Let the second convolution be depth-wise separable.
        drop_path_rate: Rate of stochastic depth.
        conv: The convolution.
        norm: The norm, or None.
        act: The activation.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        expansion: int = 2,
        add_identity: bool = True,
        use_depthwise: bool = False,
        drop_path_rate: float = 0.0,
        conv: Conv = nn.Conv2d,
        norm: Norm | None = None,
        act: Act | None = nn.ReLU,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        parts: dict[str, Any] = {"conv": conv, "norm": norm, "act": act}
        hidden = out_channels // expansion
        second = DepthwiseSeparableConvModule if use_depthwise else ConvModule
        self.conv1 = ConvModule(in_channels, hidden, 1, **parts)
        self.conv2 = second(hidden, out_channels, 3, padding=1, **parts)
        self.add_identity = add_identity and in_channels == out_channels
        self.drop_path = DropPath(drop_path_rate) if drop_path_rate > 1e-5 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H, W)."""
        out = self.drop_path(self.conv2(self.conv1(x)))
        return out + x if self.add_identity else out


class CSPXBottleneck(Bottleneck):
    """The bottleneck of ResNeXt, 32x4d."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, groups=32, width_per_group=4, base_channels=32, **kwargs)


class CSPStage(BaseModule):
    """A stage: down-sampling, widening, blocks for half of the channels, merging.

    Args:
        block_fn: Class of the blocks.
        in_channels: Input channels.
        out_channels: Output channels.
        has_downsampler: Begin with a convolution of stride 2.
        down_growth: Whether that convolution gives ``out_channels``.
        expand_ratio: How much to widen.
        bottle_ratio: Expansion of the blocks.
        rates: Rate of stochastic depth of each block.
        norm: The norm.
        act: The activation.
        block: Further arguments of the blocks.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        block_fn: Callable[..., nn.Module],
        in_channels: int,
        out_channels: int,
        has_downsampler: bool,
        down_growth: bool,
        expand_ratio: float,
        bottle_ratio: int,
        rates: Sequence[float],
        norm: Norm,
        act: Act,
        block: Mapping[str, Any],
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        parts = {"norm": norm, "act": act}
        down = out_channels if down_growth else in_channels
        groups = 32 if block_fn is CSPXBottleneck else 1
        self.downsample_conv: nn.Module = nn.Identity()
        if has_downsampler:
            self.downsample_conv = ConvModule(
                in_channels, down, 3, stride=2, padding=1, groups=groups, **parts
            )
        wide = int(down * expand_ratio)
        if wide % 2:
            raise ArgumentError(f"The channels before the blocks must be even, got {wide}")
        expand = parts if block_fn is DarknetBottleneck else {**parts, "act": None}
        self.expand_conv = ConvModule(down, wide, 1, **expand)
        half = wide // 2
        self.blocks = Sequential(
            *(block_fn(half, half, expansion=bottle_ratio, drop_path_rate=rate, **block) for rate in rates)
        )
        # Checkpoints have this name.
        self.atfer_blocks_conv = ConvModule(half, half, 1, **parts)
        self.final_conv = ConvModule(wide, out_channels, 1, **parts)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / 2, W / 2), or (B, C', H, W) without down-sampling."""
        around, through = self.expand_conv(self.downsample_conv(x)).chunk(2, dim=1)
        return self.final_conv(torch.cat((around, self.atfer_blocks_conv(self.blocks(through))), dim=1))


class CSPNet(BaseBackbone):
    """Base of the CSP networks: a stem and stages.

    Subclasses make the stem.

    Args:
        arch: Arguments of :class:`CSPStage`, and ``num_blocks``; each a value for all stages, or a tuple.
        in_channels: Channels of the image.
        out_indices: Stages to output.
        drop_path_rate: Rate of stochastic depth of the last block; it rises from 0 over the blocks.
        init_cfg: How the weights are initialised.
        frozen_stages: Freeze the stem and the stages up to this one, the first is 0; -1 freezes nothing.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
        conv_cfg, norm_cfg, act_cfg: The parts.
    """

    stem: nn.Module

    def __init__(
        self,
        arch: Mapping[str, Any],
        in_channels: int,
        out_indices: int | Sequence[int],
        drop_path_rate: float,
        init_cfg: dict | list[dict] | None,
        *,
        frozen_stages: int,
        norm_eval: bool,
        with_cp: bool,
        freeze: str | None,
        conv_cfg: dict | None,
        norm_cfg: dict,
        act_cfg: dict,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        stages = len(arch["in_channels"])
        settings = [
            {key: value[i] if isinstance(value, tuple) else value for key, value in arch.items()}
            for i in range(stages)
        ]
        self.out_indices = self.take_indices(out_indices, stages)
        self.stage_names = tuple(f"stages.{i}" for i in range(stages))
        parts = {"norm": norm_from(norm_cfg), "act": act_from(act_cfg)}
        rates = iter(drop_path_rates(drop_path_rate, sum(arch["num_blocks"])))
        stem = {"conv": conv_from(conv_cfg), **parts}
        self.stem = self.make_stem(in_channels, arch["in_channels"][0], stem)
        configs = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        self.stages = Sequential()
        for own in settings:
            blocks = [next(rates) for _ in range(own.pop("num_blocks"))]
            block = parts_for(own["block_fn"], **configs)
            self.stages.append(CSPStage(**own, rates=blocks, block=block, init_cfg=init_cfg, **parts))
        self.freeze_declared(__class__)

    def make_stem(self, in_channels: int, channels: int, parts: dict[str, Any]) -> nn.Module:
        """Build the layers before the first stage."""
        raise NotImplementedError

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """The stem with the first stage, then each stage."""
        first, *rest = self.stage_names
        return [["stem", first], *([name] for name in rest)]

    def layer_groups(self) -> Sequence[Sequence[str]]:
        return [["stem"], *([name] for name in self.stage_names)]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to stages, the last of shape (B, C, H / 32, W / 32)."""
        return self.forward_stages(self.stem(x), self.stage_names)


@MODELS.register_module()
class CSPDarkNet(CSPNet):
    """CSP-Darknet (YOLOv4).

    From `CSPNet: A New Backbone that can Enhance Learning Capability of CNN
    <https://arxiv.org/abs/1911.11929>`_.

    Args:
        depth: 53.
        in_channels: Channels of the image.
        out_indices: Stages to output.
        frozen_stages: Freeze the stem and the stages up to this one, the first is 0; -1 freezes nothing.
        conv_cfg: Type of convolution in the blocks.
        norm_cfg: Type of norm.
        act_cfg: Type of activation.
        init_cfg: How the weights are initialised.
        drop_path_rate: Rate of stochastic depth of the last block.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings: Mapping[Any, Any] = {
        53: {
            "block_fn": DarknetBottleneck,
            "in_channels": (32, 64, 128, 256, 512),
            "out_channels": (64, 128, 256, 512, 1024),
            "num_blocks": (1, 2, 8, 8, 4),
            "expand_ratio": (2, 1, 1, 1, 1),
            "bottle_ratio": (2, 1, 1, 1, 1),
            "has_downsampler": True,
            "down_growth": True,
        }
    }

    def __init__(
        self,
        depth: int,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = (4,),
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "BN", "eps": 1e-5},  # noqa: B006
        act_cfg: dict = LEAKY_RELU,
        norm_eval: bool = False,
        init_cfg: dict | list[dict] | None = {  # noqa: B006
            "type": "Kaiming",
            "layer": "Conv2d",
            "a": 5**0.5,
            "distribution": "uniform",
            "mode": "fan_in",
            "nonlinearity": "leaky_relu",
        },
        drop_path_rate: float = 0.0,
        *,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            self.get_arch(depth, key="depth"),
            in_channels,
            out_indices,
            drop_path_rate,
            init_cfg,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            freeze=freeze,
            conv_cfg=conv_cfg,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
        )
        self.freeze_declared(__class__)

    def make_stem(self, in_channels: int, channels: int, parts: dict[str, Any]) -> nn.Module:
        return ConvModule(in_channels, channels, 3, padding=1, norm=parts["norm"], act=parts["act"])


@MODELS.register_module()
class CSPResNet(CSPNet):
    """CSP-ResNet.

    From `CSPNet: A New Backbone that can Enhance Learning Capability of CNN
    <https://arxiv.org/abs/1911.11929>`_.

    Args:
        depth: 50.
        in_channels: Channels of the image.
        out_indices: Stages to output.
        frozen_stages: Freeze the stem and the stages up to this one, the first is 0; -1 freezes nothing.
        deep_stem: Three 3×3 convolutions in place of one 7×7 and a pooling.
        conv_cfg: Type of convolution in the stem and the blocks.
        norm_cfg: Type of norm.
        act_cfg: Type of activation.
        init_cfg: How the weights are initialised.
        drop_path_rate: Rate of stochastic depth of the last block.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings: Mapping[Any, Any] = {
        50: {
            "block_fn": Bottleneck,
            "in_channels": (64, 128, 256, 512),
            "out_channels": (128, 256, 512, 1024),
            "num_blocks": (3, 3, 5, 2),
            "expand_ratio": 4,
            "bottle_ratio": 2,
            "has_downsampler": (False, True, True, True),
            "down_growth": False,
        }
    }

    def __init__(
        self,
        depth: int,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = (3,),
        frozen_stages: int = -1,
        deep_stem: bool = False,
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "BN", "eps": 1e-5},  # noqa: B006
        act_cfg: dict = LEAKY_RELU,
        norm_eval: bool = False,
        init_cfg: dict | list[dict] | None = {"type": "Kaiming", "layer": "Conv2d"},  # noqa: B006
        drop_path_rate: float = 0.0,
        *,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        self.deep_stem = deep_stem
        super().__init__(
            self.get_arch(depth, key="depth"),
            in_channels,
            out_indices,
            drop_path_rate,
            init_cfg,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            freeze=freeze,
            conv_cfg=conv_cfg,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
        )
        self.freeze_declared(__class__)

    def make_stem(self, in_channels: int, channels: int, parts: dict[str, Any]) -> nn.Module:
        if not self.deep_stem:
            conv = ConvModule(in_channels, channels, 7, stride=2, padding=3, **parts)
            return nn.Sequential(conv, nn.MaxPool2d(3, stride=2, padding=1))
        widths = (in_channels, channels // 2, channels // 2, channels)
        strides = (2, 1, 1)
        return nn.Sequential(
            *(
                ConvModule(widths[i], widths[i + 1], 3, stride=strides[i], padding=1, **parts)
                for i in range(len(strides))
            )
        )


@MODELS.register_module()
class CSPResNeXt(CSPResNet):
    """CSP-ResNeXt, of depth 50; the arguments are those of :class:`CSPResNet`.

    From `CSPNet: A New Backbone that can Enhance Learning Capability of CNN
    <https://arxiv.org/abs/1911.11929>`_.
    """

    arch_settings = {
        50: {
            "block_fn": CSPXBottleneck,
            "in_channels": (64, 256, 512, 1024),
            "out_channels": (256, 512, 1024, 2048),
            "num_blocks": (3, 3, 5, 2),
            "expand_ratio": (4, 2, 2, 2),
            "bottle_ratio": 4,
            "has_downsampler": (False, True, True, True),
            "down_growth": False,
        }
    }
