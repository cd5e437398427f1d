"""Tests of :mod:`mmpretrain.evaluation.functional.inputs`."""

from __future__ import annotations

from mmpretrain.evaluation import (
    MultiLabelMetric,
    SingleLabelMetric,
)


def test_labels_by_index():
    pred, target = [[0], [1], [0, 1], [3]], [[0, 3], [0, 2], [1], [3]]
    scores = MultiLabelMetric.calculate(pred, target, True, True, num_classes=4)
    assert [round(value.item(), 4) for value in scores] == [50.0, 50.0, 45.8333, 6]
    scores = SingleLabelMetric.calculate([0, 1, 1, 3], [0, 2, 1, 3], num_classes=4)
    assert [round(value.item(), 4) for value in scores] == [62.5, 75.0, 66.6667, 4]
