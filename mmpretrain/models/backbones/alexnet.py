"""AlexNet (`ImageNet Classification with Deep Convolutional Neural Networks, 2012`)."""

from __future__ import annotations

from torch import Tensor, nn

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.registry import MODELS


@MODELS.register_module()
class AlexNet(BaseBackbone):
    """AlexNet for 224×224 images.

    From `ImageNet Classification with Deep Convolutional Neural Networks
    <https://papers.nips.cc/paper/4824>`_.

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
        in_channels: int = 3,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        self.num_classes = num_classes

        def relu() -> nn.Module:
            return nn.ReLU(inplace=True)

        self.features = nn.Sequential(
            *(nn.Conv2d(in_channels, 64, 11, stride=4, padding=2), relu(), nn.MaxPool2d(3, stride=2)),
            *(nn.Conv2d(64, 192, 5, padding=2), relu(), nn.MaxPool2d(3, stride=2)),
            *(nn.Conv2d(192, 384, 3, padding=1), relu()),
            *(nn.Conv2d(384, 256, 3, padding=1), relu()),
            *(nn.Conv2d(256, 256, 3, padding=1), relu(), nn.MaxPool2d(3, stride=2)),
        )
        if num_classes > 0:
            self.classifier = nn.Sequential(
                *(nn.Dropout(), nn.Linear(256 * 6 * 6, 4096), relu()),
                *(nn.Dropout(), nn.Linear(4096, 4096), relu()),
                nn.Linear(4096, num_classes),
            )
        self.freeze_declared(__class__)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, 224, 224) to features (B, 256, 6, 6), or to scores (B, num_classes)."""
        x = self.run(self.features, x)
        return (self.classifier(x.flatten(1)) if self.num_classes > 0 else x,)
