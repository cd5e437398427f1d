"""Small necks of masked image modelling."""

from __future__ import annotations

from torch import Tensor, nn

from mmpretrain.models.base import BaseModule
from mmpretrain.models.necks.stages import Stages
from mmpretrain.registry import MODELS


@MODELS.register_module()
class ClsBatchNormNeck(BaseModule):
    """Batch norm of the class token, for linear probing (`MAE <https://arxiv.org/abs/2111.06377>`_).

    Args:
        input_features: Number of channels of the class token.
        affine: Whether the norm has learnable parameters.
        eps: Added to the variance.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        input_features: int,
        affine: bool = False,
        eps: float = 1e-6,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.bn = nn.BatchNorm1d(input_features, affine=affine, eps=eps)

    def forward(self, inputs: Stages) -> tuple[Tensor, ...]:
        """Normalise the class token (B, C) of each stage."""
        return tuple(self.bn(token) for token in inputs)


@MODELS.register_module()
class SimMIMLinearDecoder(BaseModule):
    """One convolution from features to the pixels they stand for (`SimMIM <https://arxiv.org/abs/2111.09886>`_).

    Args:
        in_channels: Number of channels of the feature map.
        encoder_stride: Edge of the square of pixels that each position stands for.
    """

    def __init__(self, in_channels: int, encoder_stride: int) -> None:
        super().__init__()
        self.decoder = nn.Sequential(
            nn.Conv2d(in_channels, encoder_stride**2 * 3, 1), nn.PixelShuffle(encoder_stride)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, 3, H * encoder_stride, W * encoder_stride)."""
        return self.decoder(x)


@MODELS.register_module()
class FeaturePredictor(BaseModule):
    """Two linear layers that predict features of a teacher (`BYOL <https://arxiv.org/abs/2006.07733>`_).

    Args:
        in_channels: Number of channels C of the features.
        hid_channels: Number of channels between the layers.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self, in_channels: int, hid_channels: int = 2048, init_cfg: dict | list[dict] | None = None
    ) -> None:
        super().__init__(init_cfg)
        self.layers = nn.Sequential(
            nn.Linear(in_channels, hid_channels), nn.GELU(), nn.Linear(hid_channels, in_channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Features (..., C) to features (..., C)."""
        return self.layers(x)
