"""Values of a confusion matrix: how far predictions and labels agree."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional.inputs import ArrayLike, to_tensor

Weights: TypeAlias = Literal["linear", "quadratic"] | None


def sensitivity(confusion: ArrayLike) -> Tensor:
    """Share of the samples of each class that are found (recall), in percent.

    Args:
        confusion: Counts (C, C): rows are right, columns predicted; see :func:`confusion_matrix`.

    Returns:
        (C,), NaN for classes without a sample.
    """
    counts = _counts(confusion)
    return counts.diag() / counts.sum(1) * 100


def specificity(confusion: ArrayLike) -> Tensor:
    """Share of the samples of other classes that are not taken for each class, in percent.

    Args:
        confusion: See :func:`sensitivity`.

    Returns:
        (C,), NaN for a class to which all samples belong.
    """
    counts = _counts(confusion)
    others = counts.sum() - counts.sum(1)
    return (others - (counts.sum(0) - counts.diag())) / others * 100


def balanced_accuracy(confusion: ArrayLike) -> Tensor:
    """Mean sensitivity of the classes that have samples, in percent.

    Args:
        confusion: See :func:`sensitivity`.
    """
    return sensitivity(confusion).nanmean()


def matthews_correlation(confusion: ArrayLike) -> Tensor:
    """Matthews correlation coefficient, from -1 to 1; 0 if all predictions or all labels are the same.

    For several classes as in Gorodkin, `Comparing two K-category assignments by a K-category correlation
    coefficient <https://doi.org/10.1016/j.compbiolchem.2004.09.006>`_.

    Args:
        confusion: See :func:`sensitivity`.
    """
    counts = _counts(confusion)
    actual, predicted, total = counts.sum(1), counts.sum(0), counts.sum()
    covariance = counts.diag().sum() * total - actual @ predicted
    spread = (total**2 - predicted @ predicted) * (total**2 - actual @ actual)
    return covariance / spread.sqrt() if spread > 0 else torch.zeros_like(total)


def cohen_kappa(confusion: ArrayLike, weights: Weights = None) -> Tensor:
    """Agreement beyond chance, 1 at best: one minus the observed over the expected disagreement.

    Args:
        confusion: See :func:`sensitivity`.
        weights: How much a wrong class counts, for classes that have an order: its distance (``'linear'``)
            or the square of it (``'quadratic'``). By default all count the same.

    Returns:
        A number, NaN if no disagreement is possible.
    """
    check_weights(weights)
    counts = _counts(confusion)
    index = torch.arange(len(counts), dtype=counts.dtype, device=counts.device)
    distance = (index[:, None] - index).abs()
    penalty = {None: distance.sign(), "linear": distance, "quadratic": distance**2}[weights]
    expected = counts.sum(1)[:, None] * counts.sum(0) / counts.sum()
    return 1 - (penalty * counts).sum() / (penalty * expected).sum()


def check_weights(weights: Weights) -> Weights:
    """Return the kind of weights; raise if there is no such kind."""
    if weights not in (None, "linear", "quadratic"):
        raise ConfigError(f"weights must be 'linear', 'quadratic' or None, got {weights!r}", key="weights")
    return weights


def _counts(confusion: ArrayLike) -> Tensor:
    counts = to_tensor(confusion).double()
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise DataError(f"A confusion matrix has shape (C, C), got {tuple(counts.shape)}")
    return counts
