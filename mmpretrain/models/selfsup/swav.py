"""SwAV: https://arxiv.org/abs/2006.09882."""

from __future__ import annotations

from torch import Tensor

from mmpretrain.models.selfsup.base import BaseSelfSupervisor, Views
from mmpretrain.models.selfsup.multicrop import by_size
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class SwAV(BaseSelfSupervisor):
    """`SwAV <https://arxiv.org/abs/2006.09882>`_: crops of an image predict each other's cluster.

    See :class:`BaseSelfSupervisor`.
    """

    required = ("neck", "head")

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the loss of crops, each (B, C, H, W); crops of one size go through together."""
        crops = self.views_of(inputs, sum(self.head.loss_module.num_crops))
        return {"loss": self.head.loss(self.neck([self.backbone(batch) for batch in by_size(crops)]))}
