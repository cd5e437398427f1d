"""How far predicted numbers are from the right ones."""

from __future__ import annotations

import torch
from torch import Tensor

from mmpretrain.errors import DataError
from mmpretrain.evaluation.functional.inputs import ArrayLike, to_tensor


def mean_absolute_error(pred: ArrayLike, target: ArrayLike) -> Tensor:
    """Mean absolute error.

    Args:
        pred: (N,), or (N, D) for D values per sample.
        target: The same shape.

    Returns:
        A number: the mean over samples and values.
    """
    pred, target = _columns(pred, target)
    return (pred - target).abs().mean()


def root_mean_squared_error(pred: ArrayLike, target: ArrayLike) -> Tensor:
    """Root of the mean squared error, averaged over the D values. Arguments as for the absolute error."""
    pred, target = _columns(pred, target)
    return (pred - target).square().mean(0).sqrt().mean()


def r2_score(pred: ArrayLike, target: ArrayLike) -> Tensor:
    """Share of the variance that is explained, 1 at best, averaged over the D values.

    A value that is the same for all samples has no variance: it counts 1 if all are predicted, else 0.
    Arguments as in :func:`mean_absolute_error`.
    """
    pred, target = _columns(pred, target)
    if len(pred) < 2:
        raise DataError(f"R2 needs at least two samples, got {len(pred)}")
    left = (pred - target).square().sum(0)
    total = (target - target.mean(0)).square().sum(0)
    varied = 1 - left / total.where(total > 0, torch.ones_like(total))
    return torch.where(total > 0, varied, (left == 0).double()).mean()


def _columns(pred: ArrayLike, target: ArrayLike) -> tuple[Tensor, Tensor]:
    pred, target = to_tensor(pred).double(), to_tensor(target).double()
    if pred.shape != target.shape or pred.ndim not in (1, 2):
        raise DataError(
            "Predictions and targets must have the same shape, (N,) or (N, D), "
            f"got {tuple(pred.shape)} and {tuple(target.shape)}"
        )
    if not len(pred):
        raise DataError("There is no sample to evaluate")
    return pred.reshape(len(pred), -1), target.reshape(len(pred), -1)
