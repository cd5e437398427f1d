"""The KoLeo regulariser."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import DataError
from mmpretrain.registry import MODELS
from mmpretrain.utils.dist import gather_batch


@MODELS.register_module()
class KoLeoLoss(nn.Module):
    """Spreads the features of a batch: the further the nearest neighbour, the lower the loss.

    From `Spreading vectors for similarity search <https://arxiv.org/abs/1806.03198>`_; DINOv2 uses it.

    Args:
        loss_weight: What the loss is multiplied by.
        eps: Added to distances before the logarithm.
    """

    def __init__(self, loss_weight: float = 0.1, eps: float = 1e-8) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.eps = eps

    def forward(self, feats: Tensor) -> Tensor:
        """Compute the loss of features (B, C) among those of all processes."""
        feats = gather_batch(F.normalize(feats.float(), dim=-1))
        if len(feats) < 2:
            raise DataError(
                "KoLeo measures distances between images: a batch needs two or more",
                where="train_dataloader.batch_size",
            )
        with torch.no_grad():
            nearest = (feats @ feats.T).fill_diagonal_(-2).argmax(dim=1)
        distance = F.pairwise_distance(feats, feats[nearest], eps=self.eps)
        return -self.loss_weight * (distance + self.eps).log().mean()
