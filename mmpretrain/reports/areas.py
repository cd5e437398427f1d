"""Areas under the curves of each class, with intervals by drawing the samples again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmpretrain.errors import DataError
from mmpretrain.evaluation.functional.resampling import percentiles, resample
from mmpretrain.evaluation.record import Record

#: Intervals are drawn for so many scores, samples and classes at most: more would take minutes.
MOST_SCORES, MOST_SAMPLES, MOST_CLASSES = 400_000, 100_000, 5000
#: So many weighted scores are looked at together.
AT_ONCE = 1 << 18


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

    Raises:
        DataError: If a score is NaN.
    """
    if missing := int(np.isnan(record.scores).sum()):
        raise DataError(f"{missing} of {record.scores.size} scores are NaN")
    few = intervals_of(record)
    weights = torch.ones(1, len(record))
    if few:
        weights = torch.cat([weights, draws(len(record), resamples)])
    areas = 100 * torch.cat([_weighted_areas(*block, weights) for block in _blocks(record, len(weights))], 2)
    ends = [(float("nan"), float("nan"))] * 2
    if few:
        ends = [percentiles(mean.tolist(), level) for mean in areas[:, 1:].nanmean(2)]
    return Areas(areas[0, 0], areas[1, 0], *ends)


def intervals_of(record: Record) -> bool:
    """Whether a record is small enough for intervals of areas."""
    samples, classes = record.scores.shape
    return samples * classes <= MOST_SCORES and samples <= MOST_SAMPLES and classes <= MOST_CLASSES


def _blocks(record: Record, draws: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield scores and targets of classes, (N, B), so many at once that they take a few megabytes."""
    scores, targets = torch.from_numpy(record.scores), torch.from_numpy(record.targets)
    classes = torch.arange(scores.shape[1])
    for some in classes.split(max(1, AT_ONCE // (draws * len(record)))):
        chosen = slice(int(some[0]), int(some[-1]) + 1)
        yield scores[:, chosen], targets[:, chosen] if record.multi_label else targets[:, None] == some


def _weighted_areas(scores: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Return both areas of some classes, (2, R, B), NaN where there are none.

    Args:
        scores: (N, B).
        targets: (N, B), 1 for samples of the class, 0 for others, -1 for those that do not count.
        weights: How often a sample counts, (R, N).
    """
    scores, order = scores.sort(dim=0, descending=True)
    targets = targets.gather(0, order)
    last = torch.ones_like(scores, dtype=torch.bool)  # the last of equal scores: they are taken together
    last[:-1] = scores[:-1] != scores[1:]
    drawn = weights.double()[:, order]  # (R, N, B)
    found = torch.stack([drawn * (targets == value) for value in (1, 0)]).cumsum(2)
    taken = torch.where(last, found, 0).cummax(2).values
    positive, negative = torch.cat([torch.zeros_like(taken[:, :, :1]), taken], dim=2)
    all_positive, all_negative = positive[:, -1], negative[:, -1]
    roc = torch.trapezoid(positive, negative, dim=1) / (all_positive * all_negative)
    precision = (positive / (positive + negative).clamp(min=1))[:, 1:]
    return torch.stack([roc, (positive.diff(dim=1) * precision).sum(1) / all_positive])


def columns(record: Record) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield scores and targets of one class after another, (N,) each."""
    scores, targets = torch.from_numpy(record.scores), torch.from_numpy(record.targets)
    for k in range(scores.shape[1]):
        yield scores[:, k], targets[:, k] if record.multi_label else (targets == k).to(torch.int8)


def draws(size: int, times: int) -> Tensor:
    """Return how often each sample is drawn, each time, (R, N) float32."""
    return torch.stack([torch.bincount(index, minlength=size) for index in resample(size, times, 0)]).float()


def some_of(record: Record, most: int) -> np.ndarray:
    """Return evenly spaced samples, (M,), that have no more than so many scores in all."""
    return np.arange(0, len(record), max(1, -(-record.scores.size // most)))
