"""Curves in the characters of a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: The dots of a braille character, by row and column, as bits from U+2800 on.
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])


def sketch(
    xs: Sequence[float] | np.ndarray,
    ys: Sequence[float] | np.ndarray,
    width: int = 72,
    height: int = 12,
    ends: tuple[str, str] | None = None,
) -> list[str]:
    """Draw a curve with an axis at its left and one below it.

    Args:
        xs: Positions, ``(N,)``.
        ys: Values, ``(N,)``; those that are not finite are left out.
        width: Columns of the drawing, the axis included.
        height: Lines of the curve.
        ends: What stands below the first and the last position; by default these.

    Returns:
        Lines of text.
    """
    x, y = (np.asarray(values, dtype=float) for values in (xs, ys))
    kept = np.isfinite(x) & np.isfinite(y)
    x, y = x[kept], y[kept]
    if not len(x):
        return ["(no values)"]
    labels = [f"{value:.4g}" for value in np.linspace(y.max(), y.min(), 3)]
    margin = max(map(len, labels)) + 1
    columns = max(width - margin - 1, 8)
    cells = np.zeros((height, columns), dtype=int)
    across = _places(x, columns * 2)
    down = height * 4 - 1 - _places(y, height * 4)
    order = np.argsort(across, kind="stable")
    _join(across[order], down[order], cells)
    rows = ["".join(chr(0x2800 + code) for code in row) for row in cells]
    marks = {0: labels[0], height // 2: labels[1], height - 1: labels[2]}
    lines = [f"{marks.get(index, ''):>{margin}}│{row}".rstrip("\u2800") for index, row in enumerate(rows)]
    first, last = ends or (f"{x.min():.6g}", f"{x.max():.6g}")
    below = " " * margin + "└" + "─" * columns
    return [*lines, below, f"{'':>{margin}} {first}{last:>{max(columns - len(first), len(last) + 1)}}"]


def _places(values: np.ndarray, count: int) -> np.ndarray:
    """Scale values to places from 0 to ``count - 1``; equal values lie in the middle."""
    span = values.max() - values.min()
    if not span > 0:
        return np.full(len(values), (count - 1) // 2)
    return np.clip(((values - values.min()) / span * (count - 1)).round().astype(int), 0, count - 1)


def _join(across: np.ndarray, down: np.ndarray, cells: np.ndarray) -> None:
    """Set the dots of a curve, with the gaps between steep places filled."""
    previous: int | None = None
    for column in np.unique(across):
        here = down[across == column]
        low, high = int(here.min()), int(here.max())
        if previous is not None:
            low, high = min(low, previous + (previous < low)), max(high, previous - (previous > high))
        for row in range(low, high + 1):
            cells[row // 4, column // 2] |= int(_DOTS[row % 4, column % 2])
        previous = int(here[-1])
