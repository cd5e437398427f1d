"""What all losses of classifiers have in common."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from mmpretrain.models.losses.utils import Reduction, check_reduction, check_weight


class ClassificationLoss(nn.Module):
    """A loss with a weight and a reduction; subclasses implement :meth:`compute`.

    Args:
        reduction: How to reduce over the elements.
        loss_weight: Factor of the result.
    """

    def __init__(self, reduction: Reduction = "mean", loss_weight: float = 1.0) -> None:
        super().__init__()
        check_reduction(reduction)
        check_weight(loss_weight)
        self.reduction: Reduction = reduction
        self.loss_weight = loss_weight

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: Reduction | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """Compute the loss.

        Args:
            cls_score: Logits (N, C).
            label: Class indices (N,) or one number per class (N, C), as the subclass allows.
            weight: Weights of the samples, (N,).
            avg_factor: What ``reduction='mean'`` divides the sum by.
            reduction_override: Used instead of the reduction given at construction.
            **kwargs: Passed on to :meth:`compute`.
        """
        reduction = reduction_override or self.reduction
        loss = self.compute(
            cls_score, label, weight=weight, reduction=reduction, avg_factor=avg_factor, **kwargs
        )
        return self.loss_weight * loss

    def compute(self, cls_score: Tensor, label: Tensor, **kwargs: Any) -> Tensor:
        """Return the loss, weighted by ``weight`` and reduced, but not yet multiplied by ``loss_weight``."""
        raise NotImplementedError(f"{type(self).__name__} must implement compute()")

    def extra_repr(self) -> str:
        """Show the settings."""
        hidden = {"training", "cls_criterion"}
        return ", ".join(f"{k}={v!r}" for k, v in vars(self).items() if k[0] != "_" and k not in hidden)
