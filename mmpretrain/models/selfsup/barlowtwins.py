"""Barlow Twins: https://arxiv.org/abs/2103.03230."""

from __future__ import annotations

from torch import Tensor

from mmpretrain.models.selfsup.base import BaseSelfSupervisor, Views
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class BarlowTwins(BaseSelfSupervisor):
    """`Barlow Twins <https://arxiv.org/abs/2103.03230>`_: two views agree, and channels say different things.

    See :class:`BaseSelfSupervisor`.
    """

    required = ("neck", "head")

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the loss of two views, each (B, C, H, W)."""
        first, second = (self.neck(self.backbone(view))[0] for view in self.views_of(inputs, 2))
        return {"loss": self.head.loss(first, second)}
