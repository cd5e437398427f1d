"""EfficientNetV2 (`Smaller Models and Faster Training <https://arxiv.org/abs/2104.00298>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from torch import Tensor, nn

from mmpretrain.models.backbones.base import KAIMING_INIT, BaseBackbone
from mmpretrain.models.backbones.efficientnet import EdgeResidual, EfficientNet
from mmpretrain.models.base import Sequential
from mmpretrain.models.layers import ConvModule, DropPath, InvertedResidual, SELayer, drop_path_rates
from mmpretrain.models.layers.configurable import act_from, conv_from, norm_from
from mmpretrain.registry import MODELS


class EnhancedConvModule(ConvModule):
    """A convolution that may add its input.

    Args:
        *args: Arguments of :class:`ConvModule`.
        has_skip: Add the input.
        drop_path_rate: Rate of stochastic depth.
        **kwargs: Arguments of :class:`ConvModule`.
    """

    def __init__(
        self, *args: Any, has_skip: bool = False, drop_path_rate: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.has_skip = has_skip
        self.drop_path = DropPath(drop_path_rate) if drop_path_rate else nn.Identity()

    def forward(self, x: Tensor, activate: bool = True, norm: bool = True) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride)."""
        out = super().forward(x, activate, norm)
        return self.drop_path(out) + x if self.has_skip else out


class FusedStage(NamedTuple):
    """A stage: plain convolutions where ``expand_ratio`` is 1, separable ones with SE, else fused ones."""

    blocks: int
    stride: int
    expand_ratio: int
    channels: int
    se_ratio: float = 0.0


def _arch(
    stem: int, blocks: Sequence[int], widths: Sequence[int], last: int = 1280
) -> tuple[int, tuple[FusedStage, ...], int]:
    """Settings of an arch: channels of the stem, stages, channels of the last convolution."""
    strides = (1, 2, 2, 2, 1, 2, 1)
    ratios = (1, 4, 4, 4, 6, 6, 6)
    squeezes = (0.0, 0.0, 0.0, *[0.25] * 4)
    stages = (FusedStage(b, s, r, w, se) for b, s, r, w, se in zip(blocks, strides, ratios, widths, squeezes))
    return stem, tuple(stages), last


@MODELS.register_module()
class EfficientNetV2(EfficientNet):
    """EfficientNetV2: a stem, six or seven stages and a 1×1 convolution.

    From `Smaller Models and Faster Training <https://arxiv.org/abs/2104.00298>`_.

    ========= ====================== ==============================
    arch      blocks per stage       channels
    ========= ====================== ==============================
    s, small  2, 4, 4, 6, 9, 15      24, 48, 64, 128, 160, 256
    m, medium 3, 5, 5, 7, 14, 18, 5  24, 48, 80, 160, 176, 304, 512
    l, large  4, 7, 7, 10, 19, 25, 7 32, 64, 96, 192, 224, 384, 640
    xl        4, 8, 8, 16, 24, 32, 8 32, 64, 96, 192, 256, 512, 640
    b0        1, 2, 2, 3, 5, 8       16, 32, 48, 96, 112, 192
    b1        2, 3, 3, 4, 6, 9       16, 32, 48, 96, 112, 192
    b2        2, 3, 3, 4, 6, 10      16, 32, 56, 104, 120, 208
    b3        2, 3, 3, 5, 7, 12      16, 40, 56, 112, 136, 232
    ========= ====================== ==============================

    Args:
        arch: ``'small'`` (``'s'``), ``'medium'``, ``'large'``, ``'xl'``, or ``'b0'`` to ``'b3'``.
        in_channels: Channels of the image.
        drop_path_rate: Rate of stochastic depth of the last block; it rises from 0 over the blocks.
        out_indices: Outputs; 0 is the stem, then come the stages, at last the 1×1 convolution.
        frozen_stages: Freeze that many outputs, the stem is the first; 0 freezes nothing.
        conv_cfg: Type of the strided convolutions.
        norm_cfg: Type of norm.
        act_cfg: Type of activation.
        init_cfg: How the weights are initialised.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings: Mapping[Any, Any] = {
        ("s", "small"): _arch(24, (2, 4, 4, 6, 9, 15), (24, 48, 64, 128, 160, 256)),
        ("m", "medium"): _arch(24, (3, 5, 5, 7, 14, 18, 5), (24, 48, 80, 160, 176, 304, 512)),
        ("l", "large"): _arch(32, (4, 7, 7, 10, 19, 25, 7), (32, 64, 96, 192, 224, 384, 640)),
        "xl": _arch(32, (4, 8, 8, 16, 24, 32, 8), (32, 64, 96, 192, 256, 512, 640)),
        "b0": _arch(32, (1, 2, 2, 3, 5, 8), (16, 32, 48, 96, 112, 192)),
        "b1": _arch(32, (2, 3, 3, 4, 6, 9), (16, 32, 48, 96, 112, 192)),
        "b2": _arch(32, (2, 3, 3, 4, 6, 10), (16, 32, 56, 104, 120, 208), 1408),
        "b3": _arch(40, (2, 3, 3, 5, 7, 12), (16, 40, 56, 112, 136, 232), 1536),
    }

    def __init__(
        self,
        arch: str = "s",
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
        out_indices: int | Sequence[int] = (-1,),
        frozen_stages: int = 0,
        conv_cfg: dict | None = {"type": "Conv2dAdaptivePadding"},  # noqa: B006
        norm_cfg: dict = {"type": "BN", "eps": 1e-3, "momentum": 0.1},  # noqa: B006
        act_cfg: dict = {"type": "Swish"},  # noqa: B006
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = KAIMING_INIT,
        *,
        freeze: str | None = None,
    ) -> None:
        BaseBackbone.__init__(
            self, init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        channels, stages, last = self.get_arch(arch)
        norm, act, conv = norm_from(norm_cfg), act_from(act_cfg), conv_from(conv_cfg)
        parts = {"norm": norm, "act": act}
        rates = iter(drop_path_rates(drop_path_rate, sum(stage.blocks for stage in stages)))
        layers: list[nn.Module] = [ConvModule(in_channels, channels, 3, stride=2, conv=conv, **parts)]
        for stage in stages:
            blocks = []
            for i in range(stage.blocks):
                stride = 1 if i else stage.stride
                own = {"conv": conv if stride == 2 else nn.Conv2d, "drop_path_rate": next(rates), **parts}
                blocks.append(fused_block(stage, channels, stride, own))
                channels = stage.channels
            layers.append(Sequential(*blocks))
        layers.append(ConvModule(channels, last, 1, conv=conv, **parts))
        self.layers = nn.ModuleList(layers)
        self.out_channels = last
        self.stage_names = tuple(f"layers.{i}" for i in range(len(layers)))
        self.out_indices = self.take_indices(out_indices, len(layers))
        self.freeze_declared(__class__)


def fused_block(stage: FusedStage, in_channels: int, stride: int, options: dict[str, Any]) -> nn.Module:
    """Build one block of a stage."""
    if stage.expand_ratio == 1:
        skip = stride == 1 and in_channels == stage.channels
        options["drop_path_rate"] = options["drop_path_rate"] if skip else 0.0
        return EnhancedConvModule(
            in_channels, stage.channels, 3, stride=stride, padding=1, has_skip=skip, **options
        )
    mid = in_channels * stage.expand_ratio
    if not stage.se_ratio:
        return EdgeResidual(in_channels, stage.channels, mid, stride=stride, **options)
    ratio = int(stage.expand_ratio / stage.se_ratio)
    squeeze = partial(SELayer, mid, ratio=ratio, divisor=1, act=(options["act"], nn.Sigmoid))
    return InvertedResidual(in_channels, stage.channels, mid, stride=stride, se=squeeze, **options)
