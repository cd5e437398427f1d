"""ResNeXt (`Aggregated Residual Transformations <https://arxiv.org/abs/1611.05431>`_)."""

from __future__ import annotations

from typing import Any

from typing_extensions import Unpack

from mmpretrain.models.backbones.resnet import ResNet, ResNetStemOptions
from mmpretrain.registry import MODELS


@MODELS.register_module()
class ResNeXt(ResNet):
    """ResNet with group convolutions: 32x4d is ``groups=32, width_per_group=4``.

    From `Aggregated Residual Transformations for Deep Neural Networks
    <https://arxiv.org/abs/1611.05431>`_.

    Args:
        depth: 50, 101 or 152.
        groups: Groups of the 3×3 convolutions.
        width_per_group: Channels of a group in the first stage.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
        **kwargs: Arguments of :class:`ResNet`.
    """

    arch_settings = {depth: ResNet.arch_settings[depth] for depth in (50, 101, 152)}

    def __init__(
        self,
        depth: int,
        groups: int = 32,
        width_per_group: int = 4,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        **kwargs: Unpack[ResNetStemOptions],
    ) -> None:
        self.groups, self.width_per_group = groups, width_per_group
        super().__init__(
            depth, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze, **kwargs
        )
        self.freeze_declared(__class__)

    def block_options(self) -> dict[str, Any]:
        return {
            "groups": self.groups,
            "width_per_group": self.width_per_group,
            "base_channels": self.base_channels,
        }
