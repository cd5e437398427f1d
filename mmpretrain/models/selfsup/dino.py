"""DINO: https://arxiv.org/abs/2104.14294."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.selfsup.base import Views
from mmpretrain.models.selfsup.momentum import MomentumMethod, drop_nothing
from mmpretrain.models.selfsup.multicrop import by_size
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class DINO(MomentumMethod):
    """`DINO <https://arxiv.org/abs/2104.14294>`_: crops predict what a slow copy makes of the large crops.

    Args:
        backbone: From images to features.
        neck: A ``DINONeck``, from features to scores of prototypes.
        head: A ``DINOHead``.
        base_momentum: Weight of the new value in the slow copy at the start; it falls to 0.
        num_crops: Number of large crops, and of small ones.
        freeze_prototypes_iters: Number of iterations before the prototypes are trained.
        pretrained: Checkpoint to initialise from.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        base_momentum: float = 0.004,
        num_crops: Sequence[int] = (2, 8),
        freeze_prototypes_iters: int = 0,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            backbone, neck, head, base_momentum, pretrained, data_preprocessor, init_cfg, freeze=freeze
        )
        if len(num_crops) != 2 or num_crops[0] < 1 or num_crops[1] < 0 or sum(num_crops) < 2:
            raise ArgumentError(
                f"num_crops must be the numbers of large and of small crops, two or more together, "
                f"got {num_crops!r}",
                key="num_crops",
            )
        self.num_crops = tuple(num_crops)
        self.freeze_prototypes_iters = freeze_prototypes_iters
        self.freeze_declared(__class__)

    def make_copy(self, momentum: float) -> None:
        """Make the teacher: a slow copy of the encoder that drops nothing."""
        super().make_copy(momentum)
        drop_nothing(self.teacher)

    @property
    def train_prototypes(self) -> bool:
        """Whether the prototypes are trained already."""
        return not self.freeze_prototypes_iters or int(self.head.steps) > self.freeze_prototypes_iters

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the loss of crops, each (B, C, H, W), the large ones first."""
        crops = self.views_of(inputs, sum(self.num_crops))
        self.same_size(crops[: self.num_crops[0]])
        with torch.no_grad():
            teacher = self.updated_copy()
            large = torch.cat(list(crops[: self.num_crops[0]]))
            targets = self.head.targets(teacher(large)[0]).chunk(self.num_crops[0])
        scores = [
            self.neck(self.backbone(batch), self.train_prototypes)[0].split(len(crops[0]))
            for batch in by_size(crops)
        ]
        return {"loss": self.head.loss([crop for batch in scores for crop in batch], targets)}
