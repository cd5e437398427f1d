"""SimCLR: https://arxiv.org/abs/2002.05709."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import DataError
from mmpretrain.models.selfsup.base import BATCH_SIZE, BaseSelfSupervisor, Views
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from mmpretrain.utils.dist import gather_batch


@MODELS.register_module()
class SimCLR(BaseSelfSupervisor):
    """`SimCLR <https://arxiv.org/abs/2002.05709>`_: a view finds the other one of its image in the batch.

    See :class:`BaseSelfSupervisor`.
    """

    required = ("neck", "head")

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the loss of two views, each (B, C, H, W), among those of all processes."""
        views = self.views_of(inputs, 2)
        self.same_size(views)
        pairs = torch.stack(list(views), dim=1).flatten(0, 1)  # the views of an image side by side
        feats = gather_batch(F.normalize(self.neck(self.backbone(pairs))[0], dim=1))
        if len(feats) < 4:
            raise DataError(
                "SimCLR compares images with each other: a batch needs two or more", where=BATCH_SIZE
            )
        similarity = feats @ feats.T
        index = torch.arange(len(feats), device=feats.device)
        partner = index ^ 1
        positive = similarity[index, partner].unsqueeze(1)
        others = torch.ones_like(similarity, dtype=torch.bool)
        others[index, index] = others[index, partner] = False
        negative = similarity[others].view(len(feats), -1)
        return {"loss": self.head.loss(positive, negative)}
