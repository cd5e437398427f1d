"""From which score on a class is predicted: one number for all classes, or one for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError
from mmpretrain.utils.brief import brief

#: None in a sequence stands for a class that is never predicted.
Thresholds: TypeAlias = "float | Sequence[float | None]"


def check_thresholds(thr: Thresholds) -> float | tuple[float, ...]:
    """Return a threshold, or those of all classes as a tuple, with infinity for None and NaN.

    Raises:
        ConfigError: If they are no numbers.
    """
    several = isinstance(thr, Sequence) and not isinstance(thr, str)
    values = list(thr) if isinstance(thr, Sequence) else [thr]
    known = [value for value in values if not (several and value is None)]
    if not values or any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in known):
        raise ConfigError(
            f"thr takes a number, or one for each class, got {brief(thr)}",
            hint="In a list, None stands for a class that is never predicted.",
            key="thr",
        )
    if not isinstance(thr, Sequence):
        return thr
    return tuple(math.inf if value is None or math.isnan(value) else float(value) for value in values)


def reaches(scores: Tensor, thr: float | Sequence[float]) -> Tensor:
    """Whether each score is at least the threshold of its class.

    Args:
        scores: (..., C).
        thr: One threshold, or C.

    Raises:
        ConfigError: If there is another number of thresholds than of classes.
    """
    if not isinstance(thr, Sequence):
        return scores >= thr
    if len(thr) != scores.shape[-1]:
        raise ConfigError(
            f"thr has {len(thr)} thresholds, and there are {scores.shape[-1]} classes", key="thr"
        )
    return scores >= torch.tensor(thr, dtype=torch.float64, device=scores.device).to(scores.dtype)
