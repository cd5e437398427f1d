"""BYOL: https://arxiv.org/abs/2006.07733."""

from __future__ import annotations

import torch
from torch import Tensor

from mmpretrain.models.selfsup.base import Views
from mmpretrain.models.selfsup.momentum import MomentumMethod
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class BYOL(MomentumMethod):
    """`BYOL <https://arxiv.org/abs/2006.07733>`_: one view predicts what a slow copy makes of the other.

    Its arguments are those of :class:`MomentumMethod`.
    """

    copy_name = "target_net"

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the loss of two views, each (B, C, H, W)."""
        views = self.views_of(inputs, 2)
        online = [self.trained_encoder(view)[0] for view in views]
        with torch.no_grad():
            target_net = self.updated_copy()
            target = [target_net(view)[0] for view in views]
        return {"loss": 2 * (self.head.loss(online[0], target[1]) + self.head.loss(online[1], target[0]))}
