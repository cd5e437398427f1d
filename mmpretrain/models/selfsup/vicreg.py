"""VICReg: https://arxiv.org/abs/2105.04906."""

from __future__ import annotations

from torch import Tensor

from mmpretrain.models.selfsup.base import BaseSelfSupervisor, Views
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class VICReg(BaseSelfSupervisor):
    """`VICReg <https://arxiv.org/abs/2105.04906>`_: views agree, channels vary and are uncorrelated.

    The head is a ``VICRegHead``. See :class:`BaseSelfSupervisor`.
    """

    required = ("neck", "head")

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the three losses of two views, each (B, C, H, W)."""
        first, second = (self.neck(self.backbone(view))[0] for view in self.views_of(inputs, 2))
        return self.head.loss(first, second)
