"""Which samples of a data set are meant: a number of them, their positions, or a file of positions."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from mmpretrain.errors import DataError
from mmpretrain.utils.brief import brief
from mmpretrain.utils.fileio import read_lines


def read_indices(path: str, size: int) -> list[int]:
    """Read the numbers of samples from a text file, one a line.

    Raises:
        DataError: If a line is no number of one of ``size`` samples.
    """
    numbers = []
    for place, line in enumerate(read_lines(os.path.expanduser(path)), 1):
        if not line.strip():
            continue
        digits = line.strip()
        if not digits.isdecimal() or len(digits) > 18 or int(digits) >= size:
            raise DataError(f"{brief(line)} is no number from 0 to {size - 1}", where=f"{path}:{place}")
        numbers.append(int(digits))
    return numbers


def positions(indices: int | Sequence[int] | np.ndarray, size: int) -> np.ndarray:
    """Return which samples are meant: the first so many, the last so many if negative, or those listed."""
    if isinstance(indices, (int, np.integer)):
        return np.arange(size)[:indices] if indices >= 0 else np.arange(size)[indices:]
    if not isinstance(indices, (Sequence, np.ndarray)) or isinstance(indices, str):
        raise TypeError(f"indices must be an int or a sequence of ints, got {type(indices).__name__}")
    chosen = np.asarray(indices).astype(np.int64, casting="same_kind" if len(indices) else "unsafe")
    if len(chosen) and not (-size <= chosen.min() and chosen.max() < size):
        raise IndexError(f"indices go from {chosen.min()} to {chosen.max()}, there are {size} samples")
    return np.where(chosen < 0, chosen + size, chosen)
