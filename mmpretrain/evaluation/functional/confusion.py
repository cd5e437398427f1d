"""Confusion matrix."""

from __future__ import annotations

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.functional.inputs import (
    ArrayLike,
    check_classes,
    check_same_length,
    to_tensor,
)


def confusion_matrix(pred: ArrayLike, target: ArrayLike, num_classes: int | None = None) -> Tensor:
    """Count how often samples of one class (row) were taken for another (column).

    Args:
        pred: Scores (N, C), or labels (N,).
        target: Labels (N,).
        num_classes: Number of classes; needed for labels.

    Returns:
        Counts (C, C).

    Raises:
        DataError: If a label or a prediction is not a class.

    Example:
        >>> confusion_matrix([0, 1, 1], [0, 1, 0], num_classes=2)
        tensor([[1, 1],
                [0, 1]])
    """
    pred, target = to_tensor(pred), to_tensor(target).to(torch.int64).flatten()
    check_same_length(pred, target)
    if pred.ndim == 2:
        num_classes = num_classes or pred.size(1)
        pred = pred.argmax(dim=1)
    if num_classes is None:
        raise ConfigError(
            "num_classes is needed where predictions are labels instead of scores", key="num_classes"
        )
    pred = pred.to(torch.int64).flatten()
    check_classes("label", target, num_classes)
    check_classes("predicted class", pred, num_classes)
    cells = target * num_classes + pred
    return torch.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)
