"""EfficientNet (https://arxiv.org/abs/1905.11946) and EfficientNet-EdgeTPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain, groupby
from typing import Any, NamedTuple

from torch import Tensor, nn

from mmpretrain.models.backbones.base import KAIMING_INIT, BaseBackbone
from mmpretrain.models.base import BaseModule, Sequential
from mmpretrain.models.layers import (
    ConvModule,
    DropPath,
    InvertedResidual,
    SELayer,
    drop_path_rates,
    make_divisible,
)
from mmpretrain.models.layers.configurable import (
    Act,
    Conv,
    Norm,
    act_from,
    configurable,
    conv_from,
    norm_from,
)
from mmpretrain.models.layers.se_layer import squeeze_from
from mmpretrain.registry import MODELS


@partial(configurable, se_cfg=("se", squeeze_from))
class EdgeResidual(BaseModule):
    """A k×k convolution that widens, and a 1×1 that narrows.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        mid_channels: Channels in the middle.
        kernel_size: Of the first convolution.
        stride: Of the first convolution, 1 or 2.
        se: Makes a squeeze and excitation; None is without.
        with_residual: Add the input, where the shape allows.
        conv: Type of convolution.
        norm: Type of norm.
        act: Type of activation.
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
        with_residual: bool = True,
        conv: Conv = nn.Conv2d,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
        drop_path_rate: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.with_residual = with_residual and stride == 1 and in_channels == out_channels
        self.with_se = se is not None
        self.drop_path = DropPath(drop_path_rate) if drop_path_rate > 0 else nn.Identity()
        shape: dict[str, Any] = {"stride": stride, "padding": kernel_size // 2, "conv": conv}
        parts = {"norm": norm}
        self.conv1 = ConvModule(in_channels, mid_channels, kernel_size, act=act, **shape, **parts)
        if se is not None:
            self.se = se()
        self.conv2 = ConvModule(mid_channels, out_channels, 1, act=None, **parts)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride)."""
        out = self.conv1(x)
        out = self.conv2(self.se(out) if self.with_se else out)
        return x + self.drop_path(out) if self.with_residual else out


class StageSpec(NamedTuple):
    """Blocks of one kind; a stride of 1 continues the layer before."""

    kernel_size: int
    channels: int
    blocks: int
    stride: int
    expand_ratio: int
    se_ratio: int = 0
    edge: bool = False


#: The unscaled stages of most models, without squeeze and excitation.
LITE = (
    StageSpec(3, 16, 1, 1, 1),
    StageSpec(3, 24, 2, 2, 6),
    StageSpec(5, 40, 2, 2, 6),
    StageSpec(3, 80, 3, 2, 6),
    StageSpec(5, 112, 3, 1, 6),
    StageSpec(5, 192, 4, 2, 6),
    StageSpec(3, 320, 1, 1, 6),
)

#: The default activation; a config that names it is another dict.
SWISH = {"type": "Swish"}


@MODELS.register_module()
class EfficientNet(BaseBackbone):
    """EfficientNet: a stem, five layers of blocks and a 1×1 convolution, scaled in width and depth.

    From `Rethinking Model Scaling for Convolutional Neural Networks
    <https://arxiv.org/abs/1905.11946>`_.

    ===== ====== ======
    arch  width  depth
    ===== ====== ======
    b0    1.0    1.0
    b1    1.0    1.1
    b2    1.1    1.2
    b3    1.2    1.4
    b4    1.4    1.8
    b5    1.6    2.2
    b6    1.8    2.6
    b7    2.0    3.1
    b8    2.2    3.6
    l2    4.3    5.3
    es    1.0    1.0
    em    1.0    1.1
    el    1.2    1.4
    lite0 1.0    1.0
    lite1 1.0    1.1
    lite2 1.1    1.2
    lite3 1.2    1.4
    lite4 1.4    1.8
    ===== ====== ======

    Args:
        arch: A name of the table; es, em and el are for Edge TPUs. `Lite models
            <https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite>`_ are for
            phones: without squeeze and excitation, with ReLU6, and their ends are not scaled.
        drop_path_rate: Rate of stochastic depth of the last block; it rises from 0 over the blocks.
        out_indices: Outputs; 0 is the stem, 1 to 5 are the layers, 6 is the last convolution.
        frozen_stages: Freeze that many outputs, the stem is the first; 0 freezes nothing.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        act_cfg: Type of activation; by default Swish, of lite models ReLU6.
        in_channels: Number of channels of the images.
        init_cfg: How the weights are initialised.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    #: Unscaled stages, by family.
    stage_specs: Mapping[str, Sequence[StageSpec]] = {
        "b": tuple(spec._replace(se_ratio=4) for spec in LITE),
        "lite": LITE,
        "e": (
            StageSpec(3, 24, 1, 1, 3, edge=True),
            StageSpec(3, 32, 2, 2, 8, edge=True),
            StageSpec(3, 48, 4, 2, 8, edge=True),
            StageSpec(5, 96, 5, 2, 8),
            StageSpec(5, 144, 4, 1, 8),
            StageSpec(5, 192, 2, 2, 8),
        ),
    }

    #: Families whose ends (the stem, the last convolution, and the number of blocks of the first and last
    #: stage) are not scaled, and their activation.
    fixed_ends: Mapping[str, dict[str, str]] = {"lite": {"type": "ReLU6"}}

    #: Family, scale of the width, scale of the depth.
    arch_settings = {
        "b0": ("b", 1.0, 1.0),
        "b1": ("b", 1.0, 1.1),
        "b2": ("b", 1.1, 1.2),
        "b3": ("b", 1.2, 1.4),
        "b4": ("b", 1.4, 1.8),
        "b5": ("b", 1.6, 2.2),
        "b6": ("b", 1.8, 2.6),
        "b7": ("b", 2.0, 3.1),
        "b8": ("b", 2.2, 3.6),
        "l2": ("b", 4.3, 5.3),
        "es": ("e", 1.0, 1.0),
        "em": ("e", 1.0, 1.1),
        "el": ("e", 1.2, 1.4),
        "lite0": ("lite", 1.0, 1.0),
        "lite1": ("lite", 1.0, 1.1),
        "lite2": ("lite", 1.1, 1.2),
        "lite3": ("lite", 1.2, 1.4),
        "lite4": ("lite", 1.4, 1.8),
    }

    def __init__(
        self,
        arch: str = "b0",
        drop_path_rate: float = 0.0,
        out_indices: int | Sequence[int] = (6,),
        frozen_stages: int = 0,
        conv_cfg: dict | None = {"type": "Conv2dAdaptivePadding"},  # noqa: B006
        norm_cfg: dict = {"type": "BN", "eps": 1e-3},  # noqa: B006
        act_cfg: dict = SWISH,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = KAIMING_INIT,
        *,
        freeze: str | None = None,
        in_channels: int = 3,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, act, conv = norm_from(norm_cfg), act_from(act_cfg), conv_from(conv_cfg)
        family, width, depth = self.get_arch(arch)
        fixed = family in self.fixed_ends
        if fixed and act_cfg is SWISH:
            act = act_from(self.fixed_ends[family])
        parts = {"conv": conv, "norm": norm, "act": act}
        specs = scale(self.stage_specs[family], width, depth, fixed)
        rates = iter(drop_path_rates(drop_path_rate, sum(spec.blocks for spec in specs)))
        channels, last = (base if fixed else make_divisible(base * width, 8) for base in (32, 1280))
        layers: list[nn.Module] = [ConvModule(in_channels, channels, 3, stride=2, padding=1, **parts)]
        for layer in layers_of(specs):
            blocks = []
            for i, spec in enumerate(chain.from_iterable([spec] * spec.blocks for spec in layer)):
                blocks.append(make_block(spec, i, channels, next(rates), parts))
                channels = spec.channels
            layers.append(Sequential(*blocks))
        layers.append(ConvModule(channels, last, 1, **parts))
        self.layers = nn.ModuleList(layers)
        self.out_channels = last
        self.stage_names = tuple(f"layers.{i}" for i in range(len(layers)))
        self.out_indices = self.take_indices(out_indices, len(layers))
        self.freeze_declared(__class__)

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """Nothing, then the stem, as the first stage."""
        return [[], *([name] for name in self.stage_names)]

    def layer_groups(self) -> Sequence[Sequence[str]]:
        return [[name] for name in self.stage_names]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to layers, the last of shape (B, C, H / 32, W / 32)."""
        return self.forward_stages(x, self.stage_names)


def scale(specs: Sequence[StageSpec], width: float, depth: float, fixed_ends: bool) -> list[StageSpec]:
    """Scale stages; with ``fixed_ends``, the first and the last keep their number of blocks."""
    depths = [math.ceil(spec.blocks * depth) for spec in specs]
    if fixed_ends:
        depths[0], depths[-1] = specs[0].blocks, specs[-1].blocks
    widths = [make_divisible(spec.channels * width, 8) for spec in specs]
    return [spec._replace(channels=c, blocks=n) for spec, c, n in zip(specs, widths, depths)]


def layers_of(specs: Sequence[StageSpec]) -> list[list[StageSpec]]:
    """Collect stages to layers: one begins with each stride of 2."""
    starts = [sum(spec.stride > 1 for spec in specs[: i + 1]) for i in range(len(specs))]
    return [[spec for _, spec in pairs] for _, pairs in groupby(zip(starts, specs), key=lambda pair: pair[0])]


def make_block(
    spec: StageSpec, index: int, in_channels: int, drop_path_rate: float, parts: dict[str, Any]
) -> nn.Module:
    """Build a block; ``index`` is its place in the layer.

    The strided convolution belongs to the first block of a layer only. In EdgeTPU's first layer, all blocks
    after the first are wider and have no residual.
    """
    ratio = spec.expand_ratio
    options: dict[str, Any] = {"drop_path_rate": drop_path_rate, **parts}
    if spec.edge:
        special = index > 0 and ratio == 3
        ratio = 4 if special else ratio
        options["with_residual"] = not special
    mid = in_channels * ratio
    if spec.se_ratio > 0:
        acts = (parts["act"], nn.Sigmoid)
        options["se"] = partial(SELayer, mid, ratio=ratio * spec.se_ratio, divisor=1, act=acts)
    block = EdgeResidual if spec.edge else InvertedResidual
    stride = spec.stride if index == 0 else 1
    return block(in_channels, spec.channels, mid, spec.kernel_size, stride, **options)
