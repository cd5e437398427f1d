"""Focal loss."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from mmpretrain.models.losses.base import ClassificationLoss
from mmpretrain.models.losses.utils import (
    Reduction,
    one_number_per_class,
    sample_weight,
    weight_reduce_loss,
)
from mmpretrain.registry import MODELS


def sigmoid_focal_loss(
    pred: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    gamma: float = 2.0,
    alpha: float = 0.25,
    reduction: Reduction = "mean",
    avg_factor: float | None = None,
) -> Tensor:
    """Sigmoid cross entropy in which easy elements count less.

    Args:
        pred: Logits (N, C).
        target: Targets (N, C).
        weight: Weights of the samples, (N,).
        gamma: How much less easy elements count.
        alpha: Weight of the positive elements; that of the others is ``1 - alpha``.
        reduction: How to reduce, over N * C elements.
        avg_factor: What ``'mean'`` divides the sum by.
    """
    target = target.to(pred.dtype)
    prob = pred.sigmoid()
    error = target * (1 - prob) + (1 - target) * prob
    balance = target * alpha + (1 - target) * (1 - alpha)
    entropy = F.binary_cross_entropy_with_logits(pred, target, reduction="none")
    loss = balance * error**gamma * entropy
    return weight_reduce_loss(loss, sample_weight(weight, loss), reduction, avg_factor)


@MODELS.register_module()
class FocalLoss(ClassificationLoss):
    """Focal loss (`RetinaNet <https://arxiv.org/abs/1708.02002>`_).

    Labels may be class indices (N,), or one number per class (N, C).

    Args:
        gamma: How much less easy elements count.
        alpha: Weight of the positive elements; that of the others is ``1 - alpha``.
        reduction: How to reduce over the elements.
        loss_weight: Factor of the result.
    """

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: float = 0.25,
        reduction: Reduction = "mean",
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(reduction, loss_weight)
        self.gamma = gamma
        self.alpha = alpha

    def compute(self, cls_score: Tensor, label: Tensor, **kwargs: Any) -> Tensor:
        """Return the loss; see :meth:`ClassificationLoss.compute`."""
        target = one_number_per_class(label, cls_score.shape[1])
        return sigmoid_focal_loss(cls_score, target, gamma=self.gamma, alpha=self.alpha, **kwargs)
