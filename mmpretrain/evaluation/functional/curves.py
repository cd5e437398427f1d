"""Curves of one class over all thresholds, and the areas under them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional.inputs import ArrayLike, one_target_per_class, to_tensor

CurveAverage: TypeAlias = Literal["macro", "micro"] | None


class Counts(NamedTuple):
    """What is found at each threshold, from the highest score to the lowest; all (T,), float64."""

    thresholds: Tensor  #: Scores that occur, each once. A sample is taken if its score is at least this.
    true_positives: Tensor  #: Positive samples that are taken.
    false_positives: Tensor  #: Other samples that are taken.

    @property
    def positives(self) -> Tensor:
        """Number of positive samples."""
        return self.true_positives[-1]

    @property
    def negatives(self) -> Tensor:
        """Number of other samples."""
        return self.false_positives[-1]


def count_by_threshold(score: ArrayLike, positive: ArrayLike) -> Counts:
    """Count what each threshold finds. Samples with the same score are taken together.

    Args:
        score: (N,), higher for samples that are more likely positive.
        positive: (N,), 1 for positive samples, 0 for others, and -1 for those that do not count.

    Raises:
        DataError: If there is no sample, or a score is NaN.
    """
    score, positive = to_tensor(score).flatten(), to_tensor(positive).flatten()
    counted = positive != -1
    score, positive = score[counted].double(), positive[counted] == 1
    if not len(score):
        raise DataError("A curve needs at least one sample that counts")
    if score.isnan().any():
        raise DataError(f"{int(score.isnan().sum())} of {len(score)} scores are NaN")
    score, order = score.sort(descending=True)
    last = torch.ones_like(counted[counted])  # the last sample of each run of equal scores
    last[:-1] = score[:-1] != score[1:]
    found = positive[order].cumsum(0)[last].double()
    taken = last.nonzero().flatten() + 1
    return Counts(score[last], found, taken - found)


def roc_curve(score: ArrayLike, positive: ArrayLike) -> tuple[Tensor, Tensor, Tensor]:
    """Return the false positive rate, the true positive rate and the thresholds, each (T + 1,).

    The first point, with the threshold infinity, takes no sample. Arguments as in :func:`count_by_threshold`.
    """
    counts = count_by_threshold(score, positive)
    start = counts.thresholds.new_zeros(1)
    false_rate = torch.cat([start, counts.false_positives / counts.negatives])
    true_rate = torch.cat([start, counts.true_positives / counts.positives])
    return false_rate, true_rate, torch.cat([start + torch.inf, counts.thresholds])


def precision_recall_curve(score: ArrayLike, positive: ArrayLike) -> tuple[Tensor, Tensor, Tensor]:
    """Return precision, recall and the thresholds, each (T,), from the highest threshold to the lowest.

    Arguments as in :func:`count_by_threshold`.
    """
    counts = count_by_threshold(score, positive)
    precision = counts.true_positives / (counts.true_positives + counts.false_positives)
    return precision, counts.true_positives / counts.positives, counts.thresholds


def auroc(pred: ArrayLike, target: ArrayLike, average: CurveAverage = "macro") -> Tensor:
    """Area under the ROC curve, each class against the others, in percent.

    It is the chance that a sample of the class scores higher than another sample; equal scores count half.

    Args:
        pred: Scores (N, C), or those of one class (N,).
        target: Labels (N,), or (N, C) with 1 for the classes of a sample, 0 for others, and -1 where it does
            not count. With ``pred`` (N,): zeros and ones.
        average: ``'macro'`` averages over the classes that have both kinds of samples, ``'micro'`` takes all
            scores for those of one class, None returns each class.

    Returns:
        A number, or (C,), NaN for classes of which all samples or none are positive.
    """
    return _over_classes(_area_under_roc, pred, target, average)


def precision_recall_area(pred: ArrayLike, target: ArrayLike, average: CurveAverage = "macro") -> Tensor:
    """Area under the precision-recall curve (average precision), each class against the others, in percent.

    The sum of the precision at each threshold, weighted by how much recall it adds. Samples with equal scores
    are taken together, while :func:`average_precision`, as in 1.x, ranks them by their order in the data set.

    Args:
        pred: See :func:`auroc`.
        target: See :func:`auroc`.
        average: See :func:`auroc`.

    Returns:
        A number, or (C,), NaN for classes without a positive sample.
    """
    return _over_classes(_area_under_precision_recall, pred, target, average)


def _area_under_roc(counts: Counts) -> Tensor:
    zero = counts.thresholds.new_zeros(1)
    area = torch.trapezoid(
        torch.cat([zero, counts.true_positives]), torch.cat([zero, counts.false_positives])
    )
    return area / (counts.positives * counts.negatives)


def _area_under_precision_recall(counts: Counts) -> Tensor:
    added = counts.true_positives.diff(prepend=counts.thresholds.new_zeros(1))
    precision = counts.true_positives / (counts.true_positives + counts.false_positives)
    return (added * precision).sum() / counts.positives


def check_curve_average(average: Sequence[CurveAverage] | CurveAverage) -> tuple[CurveAverage, ...]:
    """Return one way to average, or several, as a tuple; raise if one is unknown."""
    several = (average,) if average is None or isinstance(average, str) else tuple(average)
    for one in several:
        if one not in ("macro", "micro", None):
            raise ConfigError(f"average must be 'macro', 'micro' or None, got {one!r}", key="average")
    return several


def _over_classes(
    area: Callable[[Counts], Tensor], pred: ArrayLike, target: ArrayLike, average: CurveAverage
) -> Tensor:
    check_curve_average(average)
    scores, targets = one_target_per_class(pred, target)
    if average == "micro":
        if not (targets != -1).any():
            return scores.new_full((), torch.nan)
        return area(count_by_threshold(scores, targets)) * 100
    values = [
        area(count_by_threshold(score, column)) if (column != -1).any() else scores.new_full((), torch.nan)
        for score, column in zip(scores.T, targets.T)
    ]
    classes = torch.stack(values).double() * 100
    return classes.nanmean() if average == "macro" else classes
