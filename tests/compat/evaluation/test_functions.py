"""The functions of ``mmcls.core.evaluation`` give what the metrics of today do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.evaluation import Accuracy, SingleLabelMetric

SCORES = torch.tensor([[0.7, 0.2, 0.1], [0.2, 0.3, 0.5], [0.1, 0.8, 0.1], [0.3, 0.4, 0.3]])
LABELS = torch.tensor([0, 1, 1, 2])


def test_single_label():
    from mmcls.core.evaluation import (
        calculate_confusion_matrix,
        f1_score,
        precision,
        precision_recall_f1,
        recall,
        support,
    )

    expected = SingleLabelMetric.calculate(SCORES, LABELS)[0]
    assert precision_recall_f1(SCORES, LABELS) == pytest.approx([float(value) for value in expected[:3]])
    assert precision(SCORES.numpy(), LABELS.numpy()) == pytest.approx(50.0)
    assert recall(SCORES, LABELS, thrs=(0.0, 0.6)) == pytest.approx([50.0, 50.0])
    assert f1_score(SCORES, LABELS, average_mode="none").shape == (3,)
    assert support(SCORES, LABELS, average_mode="none").tolist() == [1, 2, 1]
    matrix = calculate_confusion_matrix(SCORES, LABELS)
    assert matrix.tolist() == [[1, 0, 0], [0, 1, 1], [0, 1, 0]]


def test_multi_label():
    from mmcls.core import average_performance, average_precision, mAP

    target = np.array([[1, 0, 0], [0, 1, 1], [0, 1, 0], [1, 0, -1]])
    assert average_precision(SCORES[:, 0].numpy(), target[:, 0]) == pytest.approx(1.0)
    values = [average_precision(SCORES[:, c].numpy(), target[:, c]) for c in range(3)]
    assert mAP(SCORES.numpy(), target) == pytest.approx(np.mean(values) * 100)
    cp, cr, cf1, *overall = average_performance(SCORES.numpy(), target, thr=0.3)
    assert cf1 == pytest.approx(2 * cp * cr / (cp + cr))
    assert len(overall) == 3
    assert average_performance(SCORES.numpy(), target, k=1)[0] == pytest.approx((100 + 50 + 100) / 3)


def test_accuracy_as_heads_computed_it():
    from mmcls.models.losses import Accuracy as Layer
    from mmcls.models.losses.accuracy import accuracy

    first, second = Layer(topk=(1, 2))(SCORES, LABELS)
    assert first.shape == (1,)
    assert first.item() == Accuracy.calculate(SCORES, LABELS)[0][0].item() == 50
    assert second.item() == 75
    assert accuracy(SCORES, LABELS).item() == 50
    assert [value.item() for value in accuracy(SCORES, LABELS, thrs=(0.0, 0.75))] == [50, 25]
