"""Areas under the curves of each class, with intervals by drawing the samples again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmpretrain.evaluation.functional.curves import (
    area_under_precision_recall,
    area_under_roc,
    count_by_threshold,
)
from mmpretrain.evaluation.functional.resampling import percentiles, resample
from mmpretrain.evaluation.record import Record

#: Intervals are drawn for so many scores, of so many samples, at most: more would take minutes.
MOST_SCORES, MOST_SAMPLES = 1_000_000, 100_000


@dataclass(frozen=True)
class Areas:
    """Areas of all classes, in percent.

    Attributes:
        roc: Under the ROC curve, (C,); NaN for classes of which all samples or none are positive.
        precision: Average precision, (C,); NaN for classes without a positive sample.
        roc_interval: Ends of the interval of the mean of the classes; NaN without one.
        precision_interval: Likewise.
    """

    roc: Tensor
    precision: Tensor
    roc_interval: tuple[float, float]
    precision_interval: tuple[float, float]


def class_areas(record: Record, resamples: int, level: float) -> Areas:
    """Return the areas under the curves of each class.

    Args:
        record: The predictions with the truth.
        resamples: How often to draw.
        level: Of the intervals.
    """
    both = (area_under_roc, area_under_precision_recall)
    values = torch.full((2, record.scores.shape[1]), torch.nan, dtype=torch.float64)
    for k, (score, target) in enumerate(columns(record)):
        if (target != -1).any():
            counts = count_by_threshold(score, target)
            values[:, k] = torch.stack([area(counts) for area in both])
    few = record.scores.size <= MOST_SCORES and len(record) <= MOST_SAMPLES
    ends = _intervals(record, resamples, level) if few else [(float("nan"), float("nan"))] * 2
    return Areas(100 * values[0], 100 * values[1], *ends)


def columns(record: Record) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield scores and targets of one class after another, (N,) each."""
    scores, targets = torch.from_numpy(record.scores), torch.from_numpy(record.targets)
    for k in range(scores.shape[1]):
        yield scores[:, k], targets[:, k] if record.multi_label else (targets == k).to(torch.int8)


def draws(size: int, times: int) -> Tensor:
    """Return how often each sample is drawn, each time, (R, N) float32."""
    return torch.stack([torch.bincount(index, minlength=size) for index in resample(size, times, 0)]).float()


def _intervals(record: Record, resamples: int, level: float) -> list[tuple[float, float]]:
    weights = draws(len(record), resamples)
    areas = torch.stack([_drawn_areas(*column, weights) for column in columns(record)])  # (C, 2, R)
    ends = [percentiles(mean.tolist(), level) for mean in areas.nanmean(0)]
    return [(100 * low, 100 * high) for low, high in ends]


def _drawn_areas(score: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Return both areas of a class for each draw, (2, R); the samples are sorted only once."""
    order = score.argsort(descending=True)
    score, target = score[order], target[order]
    last = torch.ones(len(score), dtype=torch.bool)
    last[:-1] = score[:-1] != score[1:]
    drawn = weights[:, order]
    positive, negative = (
        torch.cumsum(drawn * (target == value), 1)[:, last].double() for value in (1, 0)
    )  # (R, T)
    totals = positive[:, -1], negative[:, -1]
    start = torch.zeros(len(drawn), 1, dtype=torch.float64)
    roc = torch.trapezoid(torch.cat([start, positive], 1), torch.cat([start, negative], 1))
    precision = positive / (positive + negative).clamp(min=1)
    added = positive.diff(dim=1, prepend=start)
    return torch.stack([roc / (totals[0] * totals[1]), (added * precision).sum(1) / totals[0]])


def some_of(record: Record, most: int) -> np.ndarray:
    """Return evenly spaced samples, (M,), that have no more than so many scores in all."""
    return np.arange(0, len(record), max(1, -(-record.scores.size // most)))
