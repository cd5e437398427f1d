"""Weighting and reduction of element-wise losses."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, Literal

import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import ConfigError

Reduction = Literal["none", "mean", "sum"]


def check_reduction(reduction: str) -> None:
    """Raise if there is no such reduction."""
    if reduction not in ("none", "mean", "sum"):
        raise ConfigError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}", key="reduction")


def check_weight(loss_weight: float) -> None:
    """Raise if the factor of a loss is no finite number."""
    if not isinstance(loss_weight, (int, float)) or not math.isfinite(loss_weight):
        raise ConfigError(f"loss_weight must be a finite number, got {loss_weight!r}", key="loss_weight")


def reduce_loss(loss: Tensor, reduction: Reduction) -> Tensor:
    """Reduce an element-wise loss."""
    check_reduction(reduction)
    return loss if reduction == "none" else getattr(loss, reduction)()


def weight_reduce_loss(
    loss: Tensor,
    weight: Tensor | None = None,
    reduction: Reduction = "mean",
    avg_factor: float | None = None,
) -> Tensor:
    """Multiply an element-wise loss with weights and reduce it.

    Args:
        loss: The loss of each element.
        weight: Its weight; must broadcast to the loss.
        reduction: How to reduce.
        avg_factor: What ``'mean'`` divides the sum by, instead of the number of elements.
    """
    if weight is not None:
        loss = loss * weight
    if avg_factor is None:
        return reduce_loss(loss, reduction)
    if reduction == "sum":
        raise ConfigError(
            "avg_factor has no meaning for reduction='sum'",
            hint="Heads divide by the batch size: set reduction='mean' and scale with loss_weight.",
            key="avg_factor",
        )
    return loss.sum() / avg_factor if reduction == "mean" else reduce_loss(loss, reduction)


def weighted_loss(loss_func: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Give ``loss(pred, target, **kwargs)`` the arguments ``weight``, ``reduction`` and ``avg_factor``.

    Example:
        >>> @weighted_loss
        ... def l1_loss(pred, target):
        ...     return (pred - target).abs()
        >>> l1_loss(torch.tensor([0.0, 2.0]), torch.tensor([1.0, 0.0]), reduction='sum')
        tensor(3.)
    """

    @functools.wraps(loss_func)
    def wrapper(
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        reduction: Reduction = "mean",
        avg_factor: float | None = None,
        **kwargs: Any,
    ) -> Tensor:
        return weight_reduce_loss(loss_func(pred, target, **kwargs), weight, reduction, avg_factor)

    return wrapper


def sample_weight(weight: Tensor | None, loss: Tensor) -> Tensor | None:
    """Shape the weights of the samples, (N,), so that they broadcast to a loss of shape (N, ...)."""
    if weight is None:
        return None
    return weight.float().reshape(-1, *[1] * (loss.ndim - 1))


def convert_to_one_hot(targets: Tensor, classes: int) -> Tensor:
    """Turn class indices of shape (N,) or (N, 1) into one-hot rows (N, C)."""
    return F.one_hot(targets.long().reshape(-1), classes)


def one_number_per_class(label: Tensor, num_classes: int) -> Tensor:
    """Turn class indices, (N,) or (N, 1), into one-hot rows; leave (N, C) as it is."""
    if label.ndim == 1 or (label.shape[1:] == (1,) and num_classes > 1):
        return convert_to_one_hot(label, num_classes)
    if label.ndim != 2 or label.shape[1] != num_classes:
        raise ConfigError(
            f"There are {num_classes} logits per sample, but the labels have shape {tuple(label.shape)}",
            hint="Check num_classes of model.head and of the batch augments.",
            key="num_classes",
        )
    return label
