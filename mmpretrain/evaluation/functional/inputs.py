"""What the metric functions accept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from mmpretrain.errors import DataError

ArrayLike: TypeAlias = "Tensor | np.ndarray | Sequence[Any]"


def to_tensor(value: ArrayLike) -> Tensor:
    """Return a tensor of an array or a (nested) sequence of numbers."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return torch.tensor(value)
    raise TypeError(f"Expected a tensor, an array or a sequence, got {type(value).__name__}: {value!r}")


def check_same_length(pred: ArrayLike, target: ArrayLike) -> None:
    """Raise if there is not one target for each prediction."""
    if len(pred) != len(target):
        raise DataError(f"There are {len(pred)} predictions, but {len(target)} targets")
