"""The numbers of a report, from a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mmpretrain.evaluation.functional import calibration, curves
from mmpretrain.evaluation.functional.classwise import scores_of_counts
from mmpretrain.evaluation.functional.confusion import confusion_matrix
from mmpretrain.evaluation.functional.resampling import bootstrap, percentiles
from mmpretrain.evaluation.record import Record
from mmpretrain.reports.areas import MOST_SAMPLES, Areas, class_areas, columns, draws, intervals_of, some_of
from mmpretrain.reports.statistics import wilson_interval

#: How often to draw for an interval.
RESAMPLES = 200
#: Points of a curve in a picture, and scores that the curve of all classes together is drawn from.
POINTS, CURVE_SCORES = 200, 2_000_000
#: Most classes of a confusion matrix: with more, only the most confused pairs are known.
MOST_CLASSES = 1000


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
        confusion: Counts (C, C), rows are right, columns predicted; None for several labels per sample, or
            more than a thousand classes.
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


class Tally(NamedTuple):
    """Counts of each class, (C,), or of each draw and class, (R, C)."""

    both: Tensor  #: Samples of the class that are found.
    guessed: Tensor  #: Samples that are taken for the class.
    support: Tensor  #: Samples of the class.


def summarize(record: Record, level: float = 0.95, shown_classes: int = 6) -> Summary:
    """Compute the numbers of a report.

    Args:
        record: The predictions with the truth.
        level: Of the confidence intervals.
        shown_classes: How many classes have curves of their own.
    """
    tally = _tally_of(record)
    areas = class_areas(record, RESAMPLES, level)
    reliability = _reliability(record)
    by_area = [k for k in torch.argsort(areas.roc).tolist() if not areas.roc[k].isnan()][:shown_classes]
    counts = None
    if not record.multi_label and record.scores.shape[1] <= MOST_CLASSES:
        best = torch.from_numpy(record.predicted)
        counts = confusion_matrix(best, record.targets, record.scores.shape[1]).numpy()
    number = _several_label_numbers if record.multi_label else _single_label_numbers
    return Summary(
        numbers=[*number(record, tally, areas, level), _ece(reliability)],
        classes=_rows(record, tally, areas),
        confusion=counts,
        roc=_curves(record, by_area, _roc),
        precision_recall=_curves(record, by_area, _precision_recall),
        reliability=reliability,
    )


def confused_pairs(record: Record, most: int) -> list[tuple[int, int, int]]:
    """Return the most confused pairs of classes: truth, prediction, count."""
    best = record.predicted
    wrong = best != record.targets
    pairs, counts = np.unique(np.stack([record.targets[wrong], best[wrong]]), axis=1, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    return [(int(pairs[0, i]), int(pairs[1, i]), int(counts[i])) for i in order]


def _tally_of(record: Record) -> Tally:
    if not record.multi_label:
        best, labels = torch.from_numpy(record.predicted), torch.from_numpy(record.targets)
        return _tally(best, labels, record.scores.shape[1])
    guessed, actual = _zeros_and_ones(record)
    return Tally((guessed & actual).sum(0), guessed.sum(0), actual.sum(0))


def _tally(best: Tensor, labels: Tensor, classes: int) -> Tally:
    found = labels[best == labels]
    return Tally(*(torch.bincount(values, minlength=classes) for values in (found, best, labels)))


def _zeros_and_ones(record: Record) -> tuple[Tensor, Tensor]:
    """Return which classes of samples with several labels are predicted, and right, (N, C) bool."""
    targets = torch.from_numpy(record.targets)
    return torch.from_numpy(record.scores >= record.thresholds) & (targets != -1), targets == 1


def _rows(record: Record, tally: Tally, areas: Areas) -> list[ClassRow]:
    scores = scores_of_counts(*tally, average=None)
    return [
        ClassRow(
            name=record.class_name(k),
            support=int(tally.support[k]),
            predicted=int(tally.guessed[k]),
            precision=_or_nan(scores.precision[k], bool(tally.guessed[k])),
            recall=_or_nan(scores.recall[k], bool(tally.support[k])),
            f1=_or_nan(scores.f1_score[k], bool(tally.support[k])),
            auroc=areas.roc[k].item(),
            auprc=areas.precision[k].item(),
        )
        for k in range(record.scores.shape[1])
    ]


def _or_nan(value: Tensor, known: bool) -> float:
    return value.item() if known else float("nan")


def _single_label_numbers(record: Record, tally: Tally, areas: Areas, level: float) -> list[Number]:
    right, classes = record.right, record.scores.shape[1]
    best, labels = torch.from_numpy(record.predicted), torch.from_numpy(record.targets)

    def drawn(name: str, metric: Callable[[Tally], Tensor], percent: bool = True) -> Number:
        if len(labels) > MOST_SAMPLES:
            return Number(name, float(metric(tally)), percent=percent)
        found = bootstrap(
            lambda best, labels: metric(_tally(best, labels, classes)),
            best,
            labels,
            resamples=RESAMPLES,
            level=level,
        )
        return Number(name, *found, percent=percent)

    def paired(name: str, metric: Callable[[Tensor, Tensor], Tensor]) -> Number:
        if len(labels) > MOST_SAMPLES:
            return Number(name, float(metric(best, labels)), percent=False)
        return Number(name, *bootstrap(metric, best, labels, resamples=RESAMPLES, level=level), percent=False)

    numbers = [
        _share("accuracy", right, level),
        drawn("balanced_accuracy", _balanced_accuracy),
        drawn("f1_macro", _single_label_f1),
        Number("auroc", float(areas.roc.nanmean()), *areas.roc_interval),
        drawn("kappa", _kappa, percent=False),
    ]
    if is_ordinal(record):
        return [
            numbers[0],
            paired("quadratic_kappa", _quadratic_kappa),
            paired("steps_off", _steps_off),
            *numbers[1:4],
        ]
    if classes > 5:
        top = torch.from_numpy(record.scores).topk(5, dim=1).indices
        numbers.insert(1, _share("top5", (top == labels[:, None]).any(1).numpy(), level))
    return numbers


def _several_label_numbers(record: Record, tally: Tally, areas: Areas, level: float) -> list[Number]:
    ends = float("nan"), float("nan")
    if intervals_of(record):
        weights = draws(len(record), RESAMPLES)
        guessed, actual = (array.float() for array in _zeros_and_ones(record))
        drawn = Tally(*(weights @ array for array in (guessed * actual, guessed, actual)))
        ends = percentiles(_several_label_f1(drawn).tolist(), level)
    return [
        Number("map", float(areas.precision.nanmean()), *areas.precision_interval),
        Number("f1_macro", float(_several_label_f1(tally)), *ends),
        Number("auroc", float(areas.roc.nanmean()), *areas.roc_interval),
    ]


def _share(name: str, right: np.ndarray, level: float) -> Number:
    low, high = wilson_interval(int(right.sum()), len(right), level)
    return Number(name, 100 * float(right.mean()), 100 * low, 100 * high)


def _balanced_accuracy(tally: Tally) -> Tensor:
    return 100 * (tally.both / tally.support).nanmean()


def _single_label_f1(tally: Tally) -> Tensor:
    return scores_of_counts(*tally, average=None).f1_score[tally.support > 0].mean()


def _several_label_f1(tally: Tally) -> Tensor:
    return scores_of_counts(*tally, average=None).f1_score.mean(-1)


def _kappa(tally: Tally) -> Tensor:
    both, guessed, support = (counts.double() for counts in tally)
    total = support.sum()
    return 1 - (1 - both.sum() / total) / (1 - guessed @ support / total**2)


def _quadratic_kappa(best: Tensor, labels: Tensor) -> Tensor:
    best, labels = best.double(), labels.double()
    by_chance = best.square().mean() + labels.square().mean() - 2 * best.mean() * labels.mean()
    return 1 - (best - labels).square().mean() / by_chance


def _steps_off(best: Tensor, labels: Tensor) -> Tensor:
    return (best - labels).abs().double().mean()


def is_ordinal(record: Record) -> bool:
    """Whether classes have an order, as far as the metrics of the test say so."""
    metrics = record.facts.get("metrics")
    ordered = isinstance(metrics, Mapping) and any(str(name).startswith("ordinal/") for name in metrics)
    return ordered and not record.multi_label


def _ece(reliability: calibration.Reliability) -> Number:
    known = bool(reliability.count.sum())
    return Number("ece", reliability.error().item() if known else float("nan"), percent=False)


def _reliability(record: Record) -> calibration.Reliability:
    """Return the bins; all are empty if the scores, such as logits, are no probabilities."""
    scores = torch.from_numpy(record.scores)
    if not calibration.are_probabilities(scores):
        return calibration.reliability(torch.zeros(0), torch.zeros(0))
    if record.multi_label:
        targets = torch.from_numpy(record.targets)
        counted = targets != -1
        return calibration.reliability(scores[counted], targets[counted] == 1)
    return calibration.reliability(scores.max(1).values, torch.from_numpy(record.right))


def _curves(
    record: Record, classes: list[int], points: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
) -> list[Curve]:
    """Return the curve of all classes together, of evenly spaced samples where there are many, and some."""
    some = record.part(some_of(record, CURVE_SCORES))
    parts = [torch.cat(column) for column in zip(*columns(some))]
    curves = [_thinned("", *points(*parts))]
    chosen = {k: column for k, column in enumerate(columns(record)) if k in set(classes)}
    return curves + [_thinned(record.class_name(k), *points(*chosen[k])) for k in classes]


def _roc(score: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    false_rate, true_rate, _ = curves.roc_curve(score, target)
    return false_rate, true_rate


def _precision_recall(score: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    precision, recall, _ = curves.precision_recall_curve(score, target)
    return recall, precision


def _thinned(name: str, x: Tensor, y: Tensor) -> Curve:
    kept = torch.linspace(0, len(x) - 1, min(len(x), POINTS)).round().long()
    return Curve(name, x[kept].tolist(), y[kept].tolist())
