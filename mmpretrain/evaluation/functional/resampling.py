"""Confidence intervals by drawing samples again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional.inputs import ArrayLike, to_tensor


class Interval(NamedTuple):
    """A value with the bounds of its confidence interval."""

    value: float
    low: float
    high: float


def bootstrap(
    metric: Callable[..., Tensor | float],
    *data: ArrayLike,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Estimate a confidence interval of a metric by the percentile bootstrap.

    The samples are drawn with replacement, each time as many as there are. Draws for which the metric is NaN
    (such as AUROC without a positive sample) do not count.

    Args:
        metric: Called with ``data``, or as many samples of it; returns a number.
        *data: Arrays with one row per sample, such as scores (N, C) and labels (N,).
        resamples: How often to draw.
        level: Share of the draws that the interval holds, between 0 and 1.
        seed: Seed of the draws.

    Example:
        >>> from mmpretrain.evaluation.functional import accuracy
        >>> bootstrap(accuracy, torch.tensor([0, 1, 1, 0]), torch.tensor([0, 1, 1, 1]), resamples=200)
        Interval(value=75.0, low=25.0, high=100.0)
    """
    check_bootstrap(resamples, level)
    arrays = [to_tensor(array) for array in data]
    if not arrays or len({len(array) for array in arrays}) != 1 or not len(arrays[0]):
        raise DataError(f"Expected arrays of the same length, got lengths {[len(array) for array in arrays]}")
    draws = [
        float(metric(*(array[index] for array in arrays)))
        for index in resample(len(arrays[0]), resamples, seed)
    ]
    return Interval(float(metric(*arrays)), *percentiles(draws, level))


def check_bootstrap(resamples: int, level: float) -> None:
    """Raise if there is nothing to draw from, or the level is not between 0 and 1."""
    if isinstance(resamples, bool) or not isinstance(resamples, int) or resamples < 1:
        raise ConfigError(f"resamples must be a positive integer, got {resamples!r}", key="resamples")
    if not 0 < level < 1:
        raise ConfigError(f"level must lie between 0 and 1, got {level!r}", key="level")


def resample(size: int, times: int, seed: int) -> Iterator[Tensor]:
    """Draw ``size`` indices with replacement, several times."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(times):
        yield torch.randint(size, (size,), generator=generator)


def percentiles(draws: list[float], level: float) -> tuple[float, float]:
    """Return the ends of the middle part of some draws, leaving NaN out; NaN if nothing is left."""
    values = torch.tensor(draws, dtype=torch.float64)
    values = values[~values.isnan()]
    if not len(values):
        return float("nan"), float("nan")
    ends = values.new_tensor([(1 - level) / 2, (1 + level) / 2])
    low, high = values.quantile(ends).tolist()
    return low, high
