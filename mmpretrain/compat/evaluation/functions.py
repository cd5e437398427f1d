"""The functions of ``mmcls.core.evaluation`` and ``mmcls.models.losses.accuracy``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from mmpretrain.evaluation import functional
from mmpretrain.evaluation.functional.classwise import Scores

Array: TypeAlias = Tensor | np.ndarray
Thresholds: TypeAlias = float | Sequence[float | None] | None


def calculate_confusion_matrix(pred: Array, target: Array) -> Tensor:
    """Count predictions (column) by the label (row).

    Args:
        pred: Scores (N, C), or labels (N,).
        target: Labels (N,).

    Returns:
        (C, C).
    """
    scores = torch.as_tensor(pred)
    labels = torch.as_tensor(target).flatten()
    size = scores.size(1) if scores.ndim == 2 else int(max(scores.max(), labels.max())) + 1
    return functional.confusion_matrix(scores, labels, num_classes=size).float()


def precision_recall_f1(
    pred: Array, target: Array, average_mode: str = "macro", thrs: Thresholds = 0.0
) -> tuple[Any, Any, Any]:
    """Return precision, recall and F1 score in percent; for several thresholds, lists of them.

    Args:
        pred: Scores (N, C).
        target: Labels (N,).
        average_mode: ``'macro'``, or ``'none'`` for arrays (C,).
        thrs: Predictions with a score not above the threshold do not count.
    """
    rows = _scores(pred, target, average_mode, thrs)
    columns = tuple([_number(row[index]) for row in rows] for index in range(3))
    one = thrs is None or isinstance(thrs, (int, float))
    return tuple(column[0] for column in columns) if one else columns  # type: ignore[return-value]


def precision(pred: Array, target: Array, average_mode: str = "macro", thrs: Thresholds = 0.0) -> Any:
    """Return the precision; see :func:`precision_recall_f1`."""
    return precision_recall_f1(pred, target, average_mode, thrs)[0]


def recall(pred: Array, target: Array, average_mode: str = "macro", thrs: Thresholds = 0.0) -> Any:
    """Return the recall; see :func:`precision_recall_f1`."""
    return precision_recall_f1(pred, target, average_mode, thrs)[1]


def f1_score(pred: Array, target: Array, average_mode: str = "macro", thrs: Thresholds = 0.0) -> Any:
    """Return the F1 score; see :func:`precision_recall_f1`."""
    return precision_recall_f1(pred, target, average_mode, thrs)[2]


def support(pred: Array, target: Array, average_mode: str = "macro") -> Any:
    """Return how many samples there are, or (C,) of each class."""
    return _number(_scores(pred, target, average_mode, 0.0)[0].support)


def _scores(pred: Array, target: Array, average_mode: str, thrs: Thresholds) -> list[Scores]:
    several = [thrs] if thrs is None or isinstance(thrs, (int, float)) else list(thrs)
    average: Any = None if average_mode == "none" else average_mode
    return functional.single_label_scores(torch.as_tensor(pred), torch.as_tensor(target), several, average)


def _number(value: Tensor) -> Any:
    return value.item() if value.ndim == 0 else value.numpy()


def average_precision(pred: Array, target: Array) -> float:
    """Return the average precision of one class, from 0 to 1; see :func:`ap_of_one_class`."""
    return ap_of_one_class(pred, target).item()


def ap_of_one_class(pred: Array, target: Array) -> Tensor:
    """Return the average precision of one class, from 0 to 1.

    Args:
        pred: Scores (N,).
        target: (N,), 1 for positive samples, 0 for others, -1 for those that do not count.
    """
    scores, labels = torch.as_tensor(pred)[:, None], torch.as_tensor(target)[:, None]
    return functional.average_precision(scores, labels) / 100


def mAP(pred: Array, target: Array) -> float:
    """Return the mean average precision in percent, for scores and labels (N, C)."""
    return functional.average_precision(torch.as_tensor(pred), torch.as_tensor(target)).item()


def average_performance(
    pred: Array, target: Array, thr: float | None = None, k: int | None = None
) -> tuple[float, ...]:
    """Return CP, CR, CF1, OP, OR and OF1 in percent, for scores and labels (N, C).

    Args:
        pred: Scores.
        target: 1 for positive samples, 0 for others, -1 for those that do not count.
        thr: A class is predicted if its score is at least this.
        k: The best ``k`` classes are predicted, unless ``thr`` is given.
    """
    values: list[float] = []
    averages: tuple[Any, ...] = ("macro", "micro")
    for average in averages:
        scores = functional.multi_label_scores(
            torch.as_tensor(pred), torch.as_tensor(target), average=average, thr=thr, topk=k
        )
        found, right = scores.precision.item(), scores.recall.item()
        # F1 of the averages, as 0.x had it, and not the average of the classes' F1.
        values += [found, right, 2 * found * right / max(found + right, 1e-12)]
    return tuple(values)


def accuracy(pred: Array, target: Array, topk: int | Sequence[int] = 1, thrs: Thresholds = 0.0) -> Any:
    """Return the accuracy in percent: for each of several ``topk`` in a list.

    Args:
        pred: Scores (N, C).
        target: Labels (N,).
        topk: Values of k.
        thrs: Predictions with a score not above the threshold do not count.

    Returns:
        Tensors (1,); for several thresholds, lists of them.
    """
    single = thrs is None or isinstance(thrs, (int, float))
    several = [thrs] if single else list(thrs)  # type: ignore[arg-type]
    ks = (topk,) if isinstance(topk, int) else tuple(topk)
    table = functional.accuracy(torch.as_tensor(pred), torch.as_tensor(target), ks, several)
    rows = [row[:1] if single else list(row.split(1)) for row in table]
    return rows[0] if isinstance(topk, int) else rows


class Accuracy(nn.Module):
    """Computes :func:`accuracy`.

    Args:
        topk: Values of k.
    """

    def __init__(self, topk: int | Sequence[int] = (1,)) -> None:
        super().__init__()
        self.topk = topk

    def forward(self, pred: Array, target: Array) -> Any:
        """Return the accuracy of scores (N, C) for labels (N,)."""
        return accuracy(pred, target, self.topk)
