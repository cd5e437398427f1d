"""Tests of :mod:`mmpretrain.evaluation.metrics.confusion`."""

from __future__ import annotations

import torch
from torch import Tensor

from mmpretrain.evaluation import (
    ConfusionMatrix,
)


def test_confusion_matrix_plot():
    matrix = ConfusionMatrix.calculate([0, 1, 1, 2], [0, 1, 0, 2], num_classes=3)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    figure = ConfusionMatrix.plot(matrix, include_values=True, classes=["a", "b", "c"], show=False)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "b", "c"]
    assert [text.get_text() for text in axes.texts] == ["1", "1", "0", "0", "1", "0", "0", "0", "1"]
    from matplotlib import pyplot as plt

    plt.close(figure)


def test_number_of_classes_comes_from_the_data_set():
    metric = ConfusionMatrix()
    metric.dataset_meta = {"classes": "abcd"}
    metric.process(None, [{"pred_label": torch.tensor([1]), "gt_label": torch.tensor([0])}])
    value: Tensor = metric.evaluate(1)["confusion_matrix/result"]
    assert value.shape == (4, 4)
