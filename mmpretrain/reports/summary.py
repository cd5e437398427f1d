"""The numbers of a report, from a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from mmpretrain.evaluation.functional import agreement, calibration, curves
from mmpretrain.evaluation.functional.classwise import precision_recall_f1_support
from mmpretrain.evaluation.functional.confusion import confusion_matrix
from mmpretrain.evaluation.functional.inputs import one_target_per_class
from mmpretrain.evaluation.functional.resampling import Interval, bootstrap
from mmpretrain.evaluation.record import Record
from mmpretrain.reports.statistics import wilson_interval

#: How often to draw for an interval, and for how many scores at most: more would take minutes.
RESAMPLES, MOST_SCORES = 200, 200_000
#: Points of a curve in a picture.
POINTS = 200


@dataclass(frozen=True)
class Number:
    """A value of the summary. Percentages are out of 100.

    Attributes:
        name: What it is, a key of the words.
        value: NaN if it cannot be had.
        low: Lower end of the 95 % interval, NaN without one.
        high: Upper end.
        percent: Whether it is a percentage.
    """

    name: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    percent: bool = True


@dataclass(frozen=True)
class ClassRow:
    """What is known about one class; percentages out of 100, NaN where there is no sample."""

    name: str
    support: int
    predicted: int
    precision: float
    recall: float
    f1: float
    auroc: float
    auprc: float


@dataclass(frozen=True)
class Curve:
    """A line of a picture: its name, and points from 0 to 1."""

    name: str
    x: list[float]
    y: list[float]


@dataclass(frozen=True)
class Summary:
    """The numbers of a record.

    Attributes:
        numbers: The most important ones.
        classes: One row per class.
        confusion: Counts (C, C), rows are right, columns predicted; None for several labels per sample.
        roc: Curves of all classes together, and of the classes with the lowest area.
        precision_recall: Likewise.
        reliability: Bins of confidence.
    """

    numbers: list[Number]
    classes: list[ClassRow]
    confusion: np.ndarray | None
    roc: list[Curve]
    precision_recall: list[Curve]
    reliability: calibration.Reliability


def right_predictions(record: Record) -> np.ndarray:
    """Return whether the best class of each sample is right, (N,)."""
    best = record.predicted
    if record.multi_label:
        return record.targets[np.arange(len(record)), best] == 1
    return best == record.targets


def summarize(record: Record, level: float = 0.95, shown_classes: int = 6) -> Summary:
    """Compute the numbers of a report.

    Args:
        record: The predictions with the truth.
        level: Of the confidence intervals.
        shown_classes: How many classes have curves of their own.
    """
    scores, targets = one_target_per_class(record.scores, torch.from_numpy(np.array(record.targets)))
    predicted = _predicted(record, scores)
    per_class = precision_recall_f1_support(predicted, targets, average=None)
    roc, auprc = curves.auroc(scores, targets, None), curves.precision_recall_area(scores, targets, None)
    support = per_class.support
    rows = [
        ClassRow(
            name=record.class_name(k),
            support=int(support[k]),
            predicted=int(predicted[:, k].sum()),
            precision=_or_nan(per_class.precision[k], bool(predicted[:, k].any())),
            recall=_or_nan(per_class.recall[k], bool(support[k])),
            f1=_or_nan(per_class.f1_score[k], bool(support[k])),
            auroc=roc[k].item(),
            auprc=auprc[k].item(),
        )
        for k in range(scores.shape[1])
    ]
    labels = targets.argmax(1)
    counts = None if record.multi_label else confusion_matrix(scores, labels)
    by_area = [k for k in torch.argsort(roc).tolist() if not roc[k].isnan()][:shown_classes]
    return Summary(
        numbers=_numbers(record, scores, targets, counts, level, roc.nanmean(), auprc.nanmean()),
        classes=rows,
        confusion=None if counts is None else counts.numpy(),
        roc=_curves(record, scores, targets, by_area, _roc),
        precision_recall=_curves(record, scores, targets, by_area, _precision_recall),
        reliability=_reliability(record, scores, targets),
    )


def _or_nan(value: Tensor, known: bool) -> float:
    return value.item() if known else float("nan")


def _predicted(record: Record, scores: Tensor) -> Tensor:
    if record.multi_label:
        return (scores >= 0.5).long()
    return torch.nn.functional.one_hot(scores.argmax(1), scores.shape[1])


def _numbers(
    record: Record,
    scores: Tensor,
    targets: Tensor,
    counts: Tensor | None,
    level: float,
    roc: Tensor,
    auprc: Tensor,
) -> list[Number]:
    interval = partial(_interval, level=level)
    macro_roc = interval("auroc", curves.auroc, scores, targets, value=roc)
    known = calibration.are_probabilities(scores)
    ece = calibration.expected_calibration_error(scores, targets).item() if known else float("nan")
    ece = Number("ece", ece, percent=False)
    if counts is None:
        return [
            interval("map", curves.precision_recall_area, scores, targets, value=auprc),
            interval("f1_macro", _multi_label_f1, scores, targets),
            macro_roc,
            ece,
        ]
    right = right_predictions(record)
    low, high = wilson_interval(int(right.sum()), len(right), level)
    best, labels = scores.argmax(1), targets.argmax(1)
    classes = scores.shape[1]
    numbers = [
        Number("accuracy", 100 * float(right.mean()), 100 * low, 100 * high),
        interval("balanced_accuracy", _of_matrix(agreement.balanced_accuracy, classes), best, labels),
        interval("f1_macro", partial(_single_label_f1, classes), best, labels),
        macro_roc,
        interval("kappa", _of_matrix(agreement.cohen_kappa, classes), best, labels, percent=False),
        ece,
    ]
    if classes > 5:
        top = scores.topk(5, dim=1).indices
        found = int((top == labels[:, None]).any(1).sum())
        low, high = wilson_interval(found, len(labels), level)
        numbers.insert(1, Number("top5", 100 * found / len(labels), 100 * low, 100 * high))
    return numbers


def _interval(
    name: str,
    metric: Callable[..., Tensor],
    *data: Tensor,
    level: float,
    percent: bool = True,
    value: Tensor | None = None,
) -> Number:
    """Return a value with its interval, without one where drawing samples again would take long.

    ``value`` is that of all samples, if it is known.
    """
    if data[0].numel() > MOST_SCORES:
        return Number(name, float(metric(*data) if value is None else value), percent=percent)
    interval: Interval = bootstrap(metric, *data, resamples=RESAMPLES, level=level)
    return Number(name, *interval, percent=percent)


def _of_matrix(value: Callable[[Tensor], Tensor], classes: int) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda best, labels: value(confusion_matrix(best, labels, classes))


def _single_label_f1(classes: int, best: Tensor, labels: Tensor) -> Tensor:
    one_hot = torch.nn.functional.one_hot
    scores = precision_recall_f1_support(one_hot(best, classes), one_hot(labels, classes), None)
    return scores.f1_score[scores.support > 0].mean()


def _multi_label_f1(scores: Tensor, targets: Tensor) -> Tensor:
    return precision_recall_f1_support((scores >= 0.5).long(), targets).f1_score


def _reliability(record: Record, scores: Tensor, targets: Tensor) -> calibration.Reliability:
    """Return the bins; all are empty if the scores, such as logits, are no probabilities."""
    if not calibration.are_probabilities(scores):
        scores, targets = scores[:0], targets[:0]
    if record.multi_label:
        counted = targets != -1
        return calibration.reliability(scores[counted], targets[counted] == 1)
    confidence, best = scores.max(1)
    return calibration.reliability(confidence, best == targets.argmax(1))


def _curves(
    record: Record,
    scores: Tensor,
    targets: Tensor,
    classes: list[int],
    points: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
) -> list[Curve]:
    columns = [("", scores.flatten(), targets.flatten())]
    columns += [(record.class_name(k), scores[:, k], targets[:, k]) for k in classes]
    return [_thinned(name, *points(score, target)) for name, score, target in columns]


def _roc(score: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    false_rate, true_rate, _ = curves.roc_curve(score, target)
    return false_rate, true_rate


def _precision_recall(score: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    precision, recall, _ = curves.precision_recall_curve(score, target)
    return recall, precision


def _thinned(name: str, x: Tensor, y: Tensor) -> Curve:
    kept = torch.linspace(0, len(x) - 1, min(len(x), POINTS)).round().long()
    return Curve(name, x[kept].tolist(), y[kept].tolist())
