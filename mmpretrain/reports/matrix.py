"""The confusion matrix of a page: its cells, a picture of many classes, and what a click opens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmpretrain.evaluation.record import Record
from mmpretrain.reports import galleries
from mmpretrain.reports.names import path_name
from mmpretrain.reports.summary import Summary

#: With more classes, the matrix is drawn as a picture.
LARGEST = 60
#: Shades of a cell.
LEVELS = 9
#: Truth, prediction, and how often.
Pair = tuple[int, int, int]


def shaded_rows(summary: Summary) -> list[list[tuple[int, int]]]:
    """Return the counts and their shades, 0 to 9, by the share of the row; nothing for many classes."""
    counts = summary.confusion
    if counts is None or len(counts) > LARGEST:
        return []
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    shades = np.ceil(share * LEVELS).astype(int)
    return [list(zip(*row)) for row in zip(counts.tolist(), shades.tolist())]


def drawn_cells(summary: Summary) -> list[list[int]]:
    """Return what the picture of many classes is made of: rows, columns and counts of cells with samples."""
    counts = summary.confusion
    if counts is None or len(counts) <= LARGEST:
        return []
    rows, columns = counts.nonzero()
    return [rows.tolist(), columns.tolist(), counts[rows, columns].tolist()]


def shown_cells(record: Record, pairs: Sequence[Pair]) -> dict[tuple[int, int], list[int]]:
    """Return the samples of the cells that can be opened: of many classes, those of the confused pairs."""
    found = galleries.cells(record)
    if record.multi_label or record.scores.shape[1] <= LARGEST:
        return found
    return {(truth, predicted): found[truth, predicted] for truth, predicted, _ in pairs}


def cells_data(record: Record, cells: dict[tuple[int, int], list[int]]) -> dict[str, Any]:
    """Return what the script of a page shows of each cell: number, path and score of its samples."""
    best = record.predicted
    return {
        f"{truth},{predicted}": [
            [
                i,
                path_name(record.paths[i]) if record.paths else "",
                round(float(record.scores[i, best[i]]), 4),
            ]
            for i in indices
        ]
        for (truth, predicted), indices in cells.items()
    }


def off_by(summary: Summary) -> list[tuple[int, int, float]]:
    """Return how many predictions are how many classes too high, or too low: steps, number, percent.

    For classes in an order; from the lowest step that occurs to the highest.
    """
    counts = summary.confusion
    if counts is None:
        return []
    rows, columns = np.indices(counts.shape)
    steps = (columns - rows).ravel() + len(counts) - 1
    found = np.bincount(steps, counts.ravel()).astype(int)
    present = np.flatnonzero(found)
    total = max(int(found.sum()), 1)
    return [
        (step - len(counts) + 1, int(found[step]), 100 * found[step] / total)
        for step in range(present.min(initial=len(found)), present.max(initial=0) + 1)
    ]
