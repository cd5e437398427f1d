"""LeNet-5 (`Gradient-based learning applied to document recognition, 1998`)."""

from __future__ import annotations

from torch import Tensor, nn

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.registry import MODELS


@MODELS.register_module()
class LeNet5(BaseBackbone):
    """LeNet-5 for 32×32 grey images.

    From `Gradient-Based Learning Applied to Document Recognition <https://doi.org/10.1109/5.726791>`_.

    Args:
        num_classes: Add the fully connected layers and output scores; -1 outputs features.
        in_channels: Number of channels of the images.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    stage_names = ("features",)

    def __init__(
        self,
        num_classes: int = -1,
        init_cfg: dict | list[dict] | None = None,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        in_channels: int = 1,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        self.num_classes = num_classes
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 6, 5),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(16, 120, 5),
            nn.Tanh(),
        )
        if num_classes > 0:
            self.classifier = nn.Sequential(nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, num_classes))
        self.freeze_declared(__class__)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 1, 32, 32) to features (B, 120, 1, 1), or to scores (B, num_classes)."""
        x = self.run(self.features, x)
        return (self.classifier(x.flatten(1)) if self.num_classes > 0 else x,)
