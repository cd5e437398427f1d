"""RegNet (`Designing Network Design Spaces <https://arxiv.org/abs/2003.13678>`_)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from torch import Tensor

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.backbones.resnet import Bottleneck, ResNet
from mmpretrain.registry import MODELS

_PARAMETERS = ("w0", "wa", "wm", "group_w", "depth", "bot_mul")


@MODELS.register_module()
class RegNet(ResNet):
    """A ResNet of bottlenecks whose widths follow a quantised line over the depth.

    From `Designing Network Design Spaces <https://arxiv.org/abs/2003.13678>`_.

    ============= ===== ======= ====== ========= =======
    arch          w0    wa      wm     group_w   depth
    ============= ===== ======= ====== ========= =======
    regnetx_400mf 24    24.48   2.54   16        22
    regnetx_800mf 56    35.73   2.28   16        16
    regnetx_1.6gf 80    34.01   2.25   24        18
    regnetx_3.2gf 88    26.31   2.25   48        25
    regnetx_4.0gf 96    38.65   2.43   40        23
    regnetx_6.4gf 184   60.83   2.07   56        17
    regnetx_8.0gf 80    49.56   2.88   120       23
    regnetx_12gf  168   73.36   2.37   112       19
    ============= ===== ======= ====== ========= =======

    Args:
        arch: A name of the table, or a dict with its columns and ``bot_mul``: first width ``w0``, slope
            ``wa`` and quantisation ``wm`` of the line, width of a group, number of blocks, and the ratio
            between the width of a bottleneck and of its stage.
        in_channels: Channels of the image.
        stem_channels: Output channels of the stem.
        base_channels: Not used, as the widths follow from ``arch``.
        strides: Stride of each stage.
        dilations: Dilation of each stage.
        out_indices: Stages to output.
        style: Where a bottleneck has its stride, as in :class:`ResNet`.
        deep_stem: Not supported.
        avg_down: Average pooling in place of strided convolutions on the identity.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        zero_init_residual: Let each block start as an identity.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings: Mapping[str, Any] = {
        name: dict(zip(_PARAMETERS, (*values, 1.0)))
        for name, values in {
            "regnetx_400mf": (24, 24.48, 2.54, 16, 22),
            "regnetx_800mf": (56, 35.73, 2.28, 16, 16),
            "regnetx_1.6gf": (80, 34.01, 2.25, 24, 18),
            "regnetx_3.2gf": (88, 26.31, 2.25, 48, 25),
            "regnetx_4.0gf": (96, 38.65, 2.43, 40, 23),
            "regnetx_6.4gf": (184, 60.83, 2.07, 56, 17),
            "regnetx_8.0gf": (80, 49.56, 2.88, 120, 23),
            "regnetx_12gf": (168, 73.36, 2.37, 112, 19),
        }.items()
    }

    def __init__(
        self,
        arch: str | Mapping[str, Any],
        in_channels: int = 3,
        stem_channels: int = 32,
        base_channels: int = 32,
        strides: Sequence[int] = (2, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        out_indices: int | Sequence[int] = (3,),
        style: Literal["pytorch", "caffe"] = "pytorch",
        deep_stem: bool = False,
        avg_down: bool = False,
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "BN", "requires_grad": True},  # noqa: B006
        norm_eval: bool = False,
        with_cp: bool = False,
        zero_init_residual: bool = True,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        BaseBackbone.__init__(
            self, init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        settings = self.get_arch(arch)
        group_width, ratio = settings["group_w"], settings["bot_mul"]
        widths, depths = stage_shapes(*(settings[key] for key in ("w0", "wa", "wm", "depth")))
        if deep_stem or not len(widths) == len(strides) == len(dilations):
            raise ArgumentError(
                f"A RegNet of {len(widths)} stages has no deep stem, and as many strides and dilations; "
                f"got deep_stem={deep_stem}, {strides!r} and {dilations!r}",
                key="strides",
            )
        self.base_channels = base_channels
        self.zero_init_residual = zero_init_residual
        self.deep_stem = False
        per_stage = []
        for i, width in enumerate(widths):
            group = min(group_width, int(width * ratio))
            inner = round(int(width * ratio) / group) * group
            widths[i] = width = int(inner / ratio)
            own = {"groups": inner // group, "width_per_group": group, "base_channels": width}
            per_stage.append({"stride": strides[i], "dilation": dilations[i], **own})
        self.stage_widths = widths
        self.depth = sum(depths)
        self.block, self.conv_cfg, self.norm_cfg = Bottleneck, conv_cfg, norm_cfg
        self.make_stem(in_channels, stem_channels)
        shared = {"style": style, "avg_down": avg_down, "conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        self.make_stages(
            stem_channels,
            widths,
            depths,
            [0.0] * self.depth,
            per_stage,
            block=self.block,
            expansion=1,
            **shared,
        )
        self.out_indices = self.take_indices(out_indices, len(widths))
        self.freeze_declared(__class__)

    def _make_stem_layer(self, in_channels: int, stem_channels: int) -> None:
        self.make_plain_stem(in_channels, stem_channels, kernel_size=3, stride=2)

    def forward_stem(self, x: Tensor) -> Tensor:
        return self.relu(self.norm1(self.conv1(x)))


def stage_shapes(w0: int, wa: float, wm: float, depth: int, divisor: int = 8) -> tuple[list[int], list[int]]:
    """Quantise the line ``w0 + wa * block`` to powers of ``wm``, and collect blocks of equal width.

    Returns:
        Width and number of blocks of each stage.
    """
    line = np.arange(depth) * wa + w0
    steps = np.round(np.log(line / w0) / np.log(wm))
    widths = (np.round(w0 * np.power(wm, steps) / divisor) * divisor).astype(int).tolist()
    stages = Counter(widths)  # widths never fall: equal ones are neighbours
    return list(stages), list(stages.values())
