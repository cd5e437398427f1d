"""SE-ResNet and SE-ResNeXt (`Squeeze-and-Excitation Networks <https://arxiv.org/abs/1709.01507>`_)."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from typing_extensions import Unpack

from mmpretrain.models.backbones.resnet import Bottleneck, ResNet, ResNetStemOptions
from mmpretrain.models.layers import SELayer
from mmpretrain.registry import MODELS


class SEBottleneck(Bottleneck):
    """A bottleneck whose branch ends with attention over its channels.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        se_ratio: How much the attention squeezes.
        **kwargs: Arguments of :class:`Bottleneck`.
    """

    def __init__(self, in_channels: int, out_channels: int, se_ratio: int = 16, **kwargs: Any) -> None:
        super().__init__(in_channels, out_channels, **kwargs)
        self.se_layer = SELayer(out_channels, ratio=se_ratio)

    def branch(self, x: Tensor) -> Tensor:
        return self.se_layer(super().branch(x))


@MODELS.register_module()
class SEResNet(ResNet):
    """ResNet with attention over channels.

    From `Squeeze-and-Excitation Networks <https://arxiv.org/abs/1709.01507>`_.

    Args:
        depth: 50, 101 or 152.
        se_ratio: How much the attention squeezes.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
        **kwargs: Arguments of :class:`ResNet`.
    """

    arch_settings = {depth: (SEBottleneck, ResNet.arch_settings[depth][1]) for depth in (50, 101, 152)}

    def __init__(
        self,
        depth: int,
        se_ratio: int = 16,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        **kwargs: Unpack[ResNetStemOptions],
    ) -> None:
        self.se_ratio = se_ratio
        super().__init__(
            depth, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze, **kwargs
        )
        self.freeze_declared(__class__)

    def block_options(self) -> dict[str, Any]:
        return {"se_ratio": self.se_ratio}


@MODELS.register_module()
class SEResNeXt(SEResNet):
    """ResNeXt with attention over channels.

    From `Squeeze-and-Excitation Networks <https://arxiv.org/abs/1709.01507>`_.

    Args:
        depth: 50, 101 or 152.
        groups: Groups of the 3×3 convolutions.
        width_per_group: Channels of a group in the first stage.
        se_ratio: How much the attention squeezes the channels.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
        **kwargs: Arguments of :class:`ResNet`.
    """

    def __init__(
        self,
        depth: int,
        groups: int = 32,
        width_per_group: int = 4,
        se_ratio: int = 16,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        **kwargs: Unpack[ResNetStemOptions],
    ) -> None:
        self.groups, self.width_per_group = groups, width_per_group
        super().__init__(
            depth,
            se_ratio,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            freeze=freeze,
            **kwargs,
        )
        self.freeze_declared(__class__)

    def block_options(self) -> dict[str, Any]:
        return {
            "se_ratio": self.se_ratio,
            "groups": self.groups,
            "width_per_group": self.width_per_group,
            "base_channels": self.base_channels,
        }
