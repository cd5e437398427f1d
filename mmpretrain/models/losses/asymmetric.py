"""Asymmetric loss."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from mmpretrain.models.losses.base import ClassificationLoss
from mmpretrain.models.losses.utils import (
    Reduction,
    one_number_per_class,
    sample_weight,
    weight_reduce_loss,
)
from mmpretrain.registry import MODELS


def asymmetric_loss(
    pred: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    gamma_pos: float = 1.0,
    gamma_neg: float = 4.0,
    clip: float | None = 0.05,
    reduction: Reduction = "mean",
    avg_factor: float | None = None,
    use_sigmoid: bool = True,
    eps: float = 1e-8,
) -> Tensor:
    """Cross entropy of each element that looks away from easy negative ones.

    Args:
        pred: Logits (N, C).
        target: Targets (N, C).
        weight: Weights of the samples, (N,).
        gamma_pos: How much less easy positive elements count.
        gamma_neg: How much less easy negative elements count.
        clip: Negative elements with a probability below this do not count at all.
        reduction: How to reduce, over N * C elements.
        avg_factor: What ``'mean'`` divides the sum by.
        use_sigmoid: Whether probabilities are sigmoid or softmax of the logits.
        eps: Smallest probability of which a logarithm is taken.
    """
    target = target.to(pred.dtype)
    prob = pred.sigmoid() if use_sigmoid else pred.softmax(dim=-1)
    rejected = 1 - prob if not clip else (1 - prob + clip).clamp(max=1)
    right = target * prob + (1 - target) * rejected
    gamma = target * gamma_pos + (1 - target) * gamma_neg
    loss = -right.clamp(min=eps).log() * (1 - right) ** gamma
    return weight_reduce_loss(loss, sample_weight(weight, loss), reduction, avg_factor)


@MODELS.register_module()
class AsymmetricLoss(ClassificationLoss):
    """`Asymmetric loss <https://arxiv.org/abs/2009.14119>`_ for multi-label classification.

    Labels may be class indices (N,), or one number per class (N, C).

    Args:
        gamma_pos: How much less easy positive elements count.
        gamma_neg: How much less easy negative elements count.
        clip: Negative elements with a probability below this do not count at all.
        reduction: How to reduce over the elements.
        loss_weight: Factor of the result.
        use_sigmoid: Whether probabilities are sigmoid or softmax of the logits.
        eps: Smallest probability of which a logarithm is taken.
    """

    def __init__(
        self,
        gamma_pos: float = 0.0,
        gamma_neg: float = 4.0,
        clip: float | None = 0.05,
        reduction: Reduction = "mean",
        loss_weight: float = 1.0,
        use_sigmoid: bool = True,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(reduction, loss_weight)
        self.gamma_pos = gamma_pos
        self.gamma_neg = gamma_neg
        self.clip = clip
        self.use_sigmoid = use_sigmoid
        self.eps = eps

    def compute(self, cls_score: Tensor, label: Tensor, **kwargs: Any) -> Tensor:
        """Return the loss; see :meth:`ClassificationLoss.compute`."""
        return asymmetric_loss(
            cls_score,
            one_number_per_class(label, cls_score.shape[1]),
            gamma_pos=self.gamma_pos,
            gamma_neg=self.gamma_neg,
            clip=self.clip,
            use_sigmoid=self.use_sigmoid,
            eps=self.eps,
            **kwargs,
        )
