"""The confusion matrix of few and of many classes, and of classes in an order."""

from __future__ import annotations

import numpy as np

from mmpretrain.evaluation import Record
from mmpretrain.reports import summarize
from mmpretrain.reports.matrix import cells_data, drawn_cells, off_by, shaded_rows, shown_cells
from mmpretrain.reports.summary import confused_pairs


def record_of(labels: np.ndarray, predicted: np.ndarray, classes: int) -> Record:
    return Record(np.eye(classes, dtype=np.float32)[predicted], labels)


def test_few_classes():
    record = record_of(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 3)
    summary = summarize(record)
    assert shaded_rows(summary) == [
        [(1, 5), (1, 5), (0, 0)],
        [(0, 0), (1, 9), (0, 0)],
        [(1, 9), (0, 0), (0, 0)],
    ]
    assert drawn_cells(summary) == []
    cells = shown_cells(record, confused_pairs(record, 9))
    assert cells == {(0, 0): [0], (0, 1): [1], (1, 1): [2], (2, 0): [3]}
    assert cells_data(record, cells)["2,0"] == [[3, "", 1.0]]


def test_many_classes():
    labels = np.arange(200) % 100
    record = record_of(labels, np.where(labels == 7, 8, labels), 100)
    summary = summarize(record)
    assert shaded_rows(summary) == []
    rows, columns, counts = drawn_cells(summary)
    assert (7, 8, 2) in set(zip(rows, columns, counts))
    assert sum(counts) == 200
    assert shown_cells(record, confused_pairs(record, 9)) == {(7, 8): [7, 107]}


def test_very_many_classes_have_no_matrix():
    labels = np.arange(3000) % 1500
    summary = summarize(record_of(labels, (labels + (labels == 3)) % 1500, 1500))
    assert summary.confusion is None
    assert drawn_cells(summary) == off_by(summary) == []


def test_steps_between_classes_in_an_order():
    summary = summarize(record_of(np.array([0, 1, 2, 3, 3]), np.array([0, 2, 1, 1, 3]), 4))
    assert off_by(summary) == [(-2, 1, 20.0), (-1, 1, 20.0), (0, 2, 40.0), (1, 1, 20.0)]
