"""What the metric functions accept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import DataError

ArrayLike: TypeAlias = "Tensor | np.ndarray | Sequence[Any]"


def to_tensor(value: ArrayLike) -> Tensor:
    """Return a tensor of an array or a (nested) sequence of numbers."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return torch.tensor(value)
    raise TypeError(f"Expected a tensor, an array or a sequence, got {type(value).__name__}: {value!r}")


def check_same_length(pred: ArrayLike, target: ArrayLike) -> None:
    """Raise if there is not one target for each prediction."""
    if len(pred) != len(target):
        raise DataError(f"There are {len(pred)} predictions, but {len(target)} targets")


def check_classes(name: str, values: Tensor, num_classes: int) -> None:
    """Raise if one of some class indices is not among the classes.

    Args:
        name: What they are, for the message.
        values: Indices of any shape.
        num_classes: Number of classes.
    """
    if values.numel() and not 0 <= int(values.min()) <= int(values.max()) < num_classes:
        wrong = values[(values < 0) | (values >= num_classes)][0]
        raise DataError(
            f"There are {num_classes} classes, numbered from 0, and a {name} is {int(wrong)}",
            hint="Compare num_classes of the model with the classes of the data set.",
        )


def one_target_per_class(pred: ArrayLike, target: ArrayLike) -> tuple[Tensor, Tensor]:
    """Return scores (N, C) as float64 and, for each of them, whether it is right.

    Args:
        pred: Scores (N, C), or those of one class (N,).
        target: Labels (N,), or (N, C) with 1 for the classes of a sample, 0 for others, and -1 where it does
            not count. For scores (N,): zeros and ones (N,).

    Returns:
        Scores and targets, both (N, C).

    Raises:
        DataError: If the shapes do not fit, a label is not a class, or there is no sample.
    """
    pred, target = to_tensor(pred), to_tensor(target)
    check_same_length(pred, target)
    if not len(pred):
        raise DataError("There is no sample to evaluate")
    scores = (pred[:, None] if pred.ndim == 1 else pred).double()
    if pred.ndim == 1 or target.ndim == 2:
        targets = target[:, None] if target.ndim == 1 else target
    else:
        labels = target.to(torch.int64)
        if labels.ndim != 1 or int(labels.min()) < 0 or int(labels.max()) >= scores.shape[1]:
            raise DataError(
                f"Labels must be from 0 to {scores.shape[1] - 1}, as there are {scores.shape[1]} scores per "
                f"sample; got {tuple(labels.shape)} labels from {int(labels.min())} to {int(labels.max())}"
            )
        targets = F.one_hot(labels, scores.shape[1])
    if scores.ndim != 2 or scores.shape != targets.shape:
        raise DataError(
            "Scores and targets must both have shape (N, C), or the targets (N,), "
            f"got {tuple(pred.shape)} and {tuple(target.shape)}"
        )
    return scores, targets
