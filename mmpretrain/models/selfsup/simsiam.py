"""SimSiam: https://arxiv.org/abs/2011.10566."""

from __future__ import annotations

from torch import Tensor

from mmpretrain.models.selfsup.base import BaseSelfSupervisor, Views
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class SimSiam(BaseSelfSupervisor):
    """`SimSiam <https://arxiv.org/abs/2011.10566>`_: one view predicts the other, whose gradient stops.

    See :class:`BaseSelfSupervisor`.
    """

    required = ("neck", "head")

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the loss of two views, each (B, C, H, W)."""
        first, second = (self.neck(self.backbone(view))[0] for view in self.views_of(inputs, 2))
        return {"loss": 0.5 * (self.head.loss(first, second) + self.head.loss(second, first))}
