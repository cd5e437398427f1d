"""MobileNetV2 (`Inverted Residuals and Linear Bottlenecks <https://arxiv.org/abs/1801.04381>`_)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from mmpretrain.models.backbones.base import KAIMING_INIT, BaseBackbone
from mmpretrain.models.layers import ConvModule, make_divisible
from mmpretrain.models.layers import LinearBottleneck as InvertedResidual
from mmpretrain.models.layers.configurable import act_from, conv_from, norm_from
from mmpretrain.registry import MODELS


@MODELS.register_module()
class MobileNetV2(BaseBackbone):
    """MobileNetV2: a stem, seven stages and a 1×1 convolution.

    From `Inverted Residuals and Linear Bottlenecks <https://arxiv.org/abs/1801.04381>`_.

    Args:
        widen_factor: Multiplies all widths.
        out_indices: Outputs; 0 to 6 are the stages, 7 is the last convolution.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        act_cfg: Type of activation.
        in_channels: Number of channels of the images.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    #: Of each stage: expand_ratio, channels, blocks, stride.
    stages = (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    )
    stem_names = ("conv1",)
    stage_names = (*(f"layer{i}" for i in range(1, 8)), "conv2")

    def __init__(
        self,
        widen_factor: float = 1.0,
        out_indices: int | Sequence[int] = (7,),
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "BN"},  # noqa: B006
        act_cfg: dict = {"type": "ReLU6"},  # noqa: B006
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
        self.out_indices = self.take_indices(out_indices, len(self.stage_names))
        parts = {"conv": conv, "norm": norm, "act": act}
        channels = make_divisible(32 * widen_factor, 8)
        self.conv1 = ConvModule(in_channels, channels, 3, stride=2, padding=1, **parts)
        for name, (expand_ratio, base, blocks, stride) in zip(self.stage_names, self.stages):
            width = make_divisible(base * widen_factor, 8)
            stage = []
            for i in range(blocks):
                stage.append(InvertedResidual(channels, width, 1 if i else stride, expand_ratio, **parts))
                channels = width
            self.add_module(name, nn.Sequential(*stage))
        self.out_channel = int(1280 * max(1.0, widen_factor))
        self.conv2 = ConvModule(channels, self.out_channel, 1, **parts)
        self.freeze_declared(__class__)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to stages, the last of shape (B, C, H / 32, W / 32)."""
        return self.forward_stages(self.conv1(x), self.stage_names)
