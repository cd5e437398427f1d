"""BYOL: https://arxiv.org/abs/2006.07733."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmpretrain.models.averaged import CosineEMA
from mmpretrain.models.selfsup.base import BaseSelfSupervisor, Views
from mmpretrain.models.selfsup.momentum import encoder_of, follow
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class BYOL(BaseSelfSupervisor):
    """`BYOL <https://arxiv.org/abs/2006.07733>`_: one view predicts what a slow copy makes of the other.

    Args:
        backbone: From images to features.
        neck: From features to projections.
        head: Predicts, and computes the loss.
        base_momentum: Weight of the new value in the slow copy at the start; it falls to 0.
        pretrained: Checkpoint to initialise from.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    required = ("neck", "head")

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        base_momentum: float = 0.004,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(backbone, neck, head, None, pretrained, data_preprocessor, init_cfg, freeze=freeze)
        self.target_net = follow(self, CosineEMA, base_momentum)
        self.freeze_declared(__class__)

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the loss of two views, each (B, C, H, W)."""
        views, encoder = self.views_of(inputs, 2), encoder_of(self)
        online = [encoder(view)[0] for view in views]
        with torch.no_grad():
            self.target_net.update_parameters(encoder)
            target = [self.target_net(view)[0] for view in views]
        return {"loss": 2 * (self.head.loss(online[0], target[1]) + self.head.loss(online[1], target[0]))}
