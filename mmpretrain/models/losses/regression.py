"""Losses of predicted numbers."""

from __future__ import annotations

import math
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import ConfigError
from mmpretrain.models.losses.base import ClassificationLoss
from mmpretrain.models.losses.utils import Reduction, sample_weight, weight_reduce_loss
from mmpretrain.registry import MODELS


class ValueLoss(ClassificationLoss):
    """A loss of the difference between predicted and right values; subclasses implement :meth:`elements`."""

    def compute(self, cls_score: Tensor, label: Tensor, **kwargs: Any) -> Tensor:
        """Return the loss of values (N, D), averaged over all N * D of them.

        See :meth:`ClassificationLoss.compute`.

        Raises:
            ConfigError: If predictions and targets differ in shape.
        """
        if cls_score.shape != label.shape:
            raise ConfigError(
                f"the model predicts values of shape {tuple(cls_score.shape)}, "
                f"but the targets have {tuple(label.shape)}",
                hint="num_values of model.head must be the number of values of a sample.",
                key="num_values",
            )
        loss = self.elements(cls_score.float(), label.float())
        kwargs["weight"] = sample_weight(kwargs.get("weight"), loss)
        return weight_reduce_loss(loss, **kwargs)

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """Return the loss of each value, of the shape of ``pred``."""
        raise NotImplementedError(f"{type(self).__name__} must implement elements()")


@MODELS.register_module()
class L1Loss(ValueLoss):
    """Absolute error.

    Args:
        reduction: How to reduce over the elements.
        loss_weight: Factor of the result.
    """

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """Return ``|pred - target|``."""
        return (pred - target).abs()


@MODELS.register_module()
class MSELoss(ValueLoss):
    """Squared error.

    Args:
        reduction: How to reduce over the elements.
        loss_weight: Factor of the result.
    """

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """Return ``(pred - target) ** 2``."""
        return (pred - target).square()


@MODELS.register_module()
class SmoothL1Loss(ValueLoss):
    """Absolute error less ``beta / 2``, but quadratic, ``d ** 2 / (2 * beta)``, below ``beta``.

    Args:
        beta: Where the quadratic part ends; 0 for the plain absolute error.
        reduction: How to reduce over the elements.
        loss_weight: Factor of the result.
    """

    def __init__(self, beta: float = 1.0, reduction: Reduction = "mean", loss_weight: float = 1.0) -> None:
        super().__init__(reduction, loss_weight)
        if not (math.isfinite(beta) and beta >= 0):
            raise ConfigError(f"beta must be a number from 0 on, got {beta!r}", key="beta")
        self.beta = beta

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """Return the loss of each value."""
        return F.smooth_l1_loss(pred, target, reduction="none", beta=self.beta)


@MODELS.register_module()
class HuberLoss(ValueLoss):
    """Half the squared error, but linear, ``delta * (d - delta / 2)``, above ``delta``.

    Args:
        delta: Where the linear part begins.
        reduction: How to reduce over the elements.
        loss_weight: Factor of the result.
    """

    def __init__(self, delta: float = 1.0, reduction: Reduction = "mean", loss_weight: float = 1.0) -> None:
        super().__init__(reduction, loss_weight)
        if not (math.isfinite(delta) and delta > 0):
            raise ConfigError(f"delta must be a positive number, got {delta!r}", key="delta")
        self.delta = delta

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """Return the loss of each value."""
        return F.huber_loss(pred, target, reduction="none", delta=self.delta)
