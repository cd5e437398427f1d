"""ResNet for the 32×32 images of CIFAR."""

from __future__ import annotations

from torch import Tensor
from typing_extensions import Unpack

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.resnet import ResNet, ResNetOptions
from mmpretrain.registry import MODELS


@MODELS.register_module()
class ResNet_CIFAR(ResNet):
    """ResNet whose stem is one 3×3 convolution of stride 1, without pooling.

    From `Deep Residual Learning for Image Recognition <https://arxiv.org/abs/1512.03385>`_.

    The depths are those of :class:`ResNet`: 18, 34, 50, 101 and 152.

    Args:
        depth: Number of layers.
        deep_stem: Not supported.
        avg_down: Average pooling in place of strided convolutions on the identity.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
        **kwargs: Arguments of :class:`ResNet`.
    """

    def __init__(
        self,
        depth: int,
        deep_stem: bool = False,
        avg_down: bool = False,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        **kwargs: Unpack[ResNetOptions],
    ) -> None:
        if deep_stem:
            raise ArgumentError("ResNet_CIFAR has its own stem: deep_stem must be False", key="deep_stem")
        super().__init__(
            depth,
            deep_stem=False,
            avg_down=avg_down,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            freeze=freeze,
            **kwargs,
        )
        self.freeze_declared(__class__)

    def _make_stem_layer(self, in_channels: int, stem_channels: int) -> None:
        self.make_plain_stem(in_channels, stem_channels, kernel_size=3, stride=1)

    def forward_stem(self, x: Tensor) -> Tensor:
        return self.relu(self.norm1(self.conv1(x)))
