"""Precision, recall and F1 score, from what is right and wrong in each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional.inputs import (
    ArrayLike,
    check_classes,
    check_same_length,
    to_tensor,
)
from mmpretrain.structures import label_to_onehot
from mmpretrain.structures.thresholds import Thresholds, check_thresholds, reaches

Average: TypeAlias = Literal["macro", "micro"] | None


class Scores(NamedTuple):
    """Percentages, and the number of positive labels: one value, or one per class (C,)."""

    precision: Tensor
    recall: Tensor
    f1_score: Tensor
    support: Tensor


def check_average(average: str | None) -> None:
    """Raise if there is no such way to average."""
    if average not in ("micro", "macro", None):
        raise ConfigError(f"average must be 'macro', 'micro' or None, got {average!r}", key="average")


def precision_recall_f1_support(predicted: Tensor, actual: Tensor, average: Average = "macro") -> Scores:
    """Compute scores from zeros and ones.

    Args:
        predicted: (N, C), 1 where a class is predicted.
        actual: (N, C), 1 where it is right, and -1 where the sample does not count for the class.
        average: ``'macro'`` averages over classes, ``'micro'`` counts over all classes; None does neither.
    """
    check_average(average)
    counts = actual != -1
    predicted, actual = (predicted == 1) & counts, (actual == 1) & counts
    return scores_of_counts((predicted & actual).sum(0), predicted.sum(0), actual.sum(0), average)


def scores_of_counts(both: Tensor, guessed: Tensor, support: Tensor, average: Average) -> Scores:
    """Compute scores from counts of each class, (C,).

    Args:
        both: Samples of the class that are found.
        guessed: Samples that are taken for the class.
        support: Samples of the class.
        average: See :func:`precision_recall_f1_support`.
    """
    check_average(average)
    if average == "micro":
        both, guessed, support = both.sum(), guessed.sum(), support.sum()
    precision = both / guessed.clamp(min=1) * 100
    recall = both / support.clamp(min=1) * 100
    total = (precision + recall).clamp(min=torch.finfo(torch.float32).eps)
    f1_score = 2 * precision * recall / total
    if average == "macro":
        return Scores(precision.mean(), recall.mean(), f1_score.mean(), support.sum())
    return Scores(precision, recall, f1_score, support)


def single_label_scores(
    pred: ArrayLike,
    target: ArrayLike,
    thrs: Sequence[float | None] = (0.0,),
    average: Average = "macro",
    num_classes: int | None = None,
) -> list[Scores]:
    """Compute scores of single-label predictions for each threshold.

    Args:
        pred: Scores (N, C), or labels (N,), for which ``thrs`` has no meaning.
        target: Labels (N,).
        thrs: Predictions with a score not above the threshold do not count. None: no threshold.
        average: See :func:`precision_recall_f1_support`.
        num_classes: Number of classes; needed for labels.

    Returns:
        One item per threshold; one item for labels.
    """
    pred, target = to_tensor(pred), to_tensor(target).to(torch.int64).flatten()
    check_same_length(pred, target)
    if pred.ndim == 1:
        if num_classes is None:
            raise ConfigError(
                "num_classes is needed where predictions are labels instead of scores", key="num_classes"
            )
        return [_scores_of_labels(pred.to(torch.int64), target, num_classes, average)]
    best = pred.topk(1, dim=1)
    return scores_of_best(best.values[:, 0], best.indices[:, 0], target, pred.size(1), thrs, average)


def scores_of_best(
    score: Tensor,
    label: Tensor,
    target: Tensor,
    num_classes: int,
    thrs: Sequence[float | None] = (0.0,),
    average: Average = "macro",
) -> list[Scores]:
    """Compute scores of single-label predictions for each threshold, in memory for samples plus classes.

    Args:
        score: The best score of each sample, (N,).
        label: Its class, (N,).
        target: Labels (N,).
        num_classes: Number of classes.
        thrs: See :func:`single_label_scores`.
        average: See :func:`precision_recall_f1_support`.
    """
    masks = (None if thr is None else score > thr for thr in thrs)
    return [_scores_of_labels(label, target, num_classes, average, mask) for mask in masks]


def _scores_of_labels(
    label: Tensor, target: Tensor, num_classes: int, average: Average, counted: Tensor | None = None
) -> Scores:
    """Compute scores of labels (N,), of which those outside of ``counted`` predict no class."""
    check_classes("label", target, num_classes)
    check_classes("predicted class", label, num_classes)
    right = label == target
    guessed = label
    if counted is not None:
        right, guessed = right & counted, label[counted]
    both, taken, support = (
        torch.bincount(column, minlength=num_classes) for column in (target[right], guessed, target)
    )
    return scores_of_counts(both, taken, support, average)


def multi_label_scores(
    pred: ArrayLike,
    target: ArrayLike,
    pred_indices: bool = False,
    target_indices: bool = False,
    average: Average = "macro",
    thr: Thresholds | None = None,
    topk: int | None = None,
    num_classes: int | None = None,
) -> Scores:
    """Compute scores of multi-label predictions.

    Args:
        pred: Scores (N, C), or for each sample the classes predicted.
        target: Zeros and ones (N, C), or for each sample its classes.
        pred_indices: Whether ``pred`` holds classes.
        target_indices: Whether ``target`` holds classes.
        average: See :func:`precision_recall_f1_support`.
        thr: A class is predicted if its score is at least this; 0.5 if ``topk`` is not given either. A
            sequence has one for each class; None in it stands for a class that is never predicted.
        topk: The k best classes are predicted, unless ``thr`` is given.
        num_classes: Number of classes; needed for classes.
    """
    pred = _one_number_per_class(pred, pred_indices, num_classes)
    target = _one_number_per_class(target, target_indices, num_classes).to(torch.int64)
    if pred.shape != target.shape or num_classes not in (None, pred.shape[1]):
        classes = "" if num_classes is None else f", and num_classes is {num_classes}"
        raise DataError(
            f"The predictions have shape {tuple(pred.shape)}, the targets {tuple(target.shape)}{classes}"
        )
    if thr is None and topk is not None:
        if not 0 < topk <= pred.shape[1]:
            raise ConfigError(
                f"topk must be from 1 to {pred.shape[1]}, as there are so many classes, got {topk!r}",
                key="topk",
            )
        predicted = torch.zeros_like(target).scatter_(1, pred.topk(topk).indices, 1)
    else:
        predicted = reaches(pred, 0.5 if thr is None else check_thresholds(thr)).to(torch.int64)
    return precision_recall_f1_support(predicted, target, average)


def _one_number_per_class(value: ArrayLike, indices: bool, num_classes: int | None) -> Tensor:
    if indices:
        if num_classes is None:
            raise ConfigError("num_classes is needed where labels are class indices", key="num_classes")
        return torch.stack([label_to_onehot(label, num_classes) for label in value])
    if isinstance(value, Sequence):
        value = torch.stack([to_tensor(row) for row in value])
    tensor = to_tensor(value)
    if tensor.ndim != 2:
        raise DataError(f"Expected one number per class, (N, C), got shape {tuple(tensor.shape)}")
    return tensor
