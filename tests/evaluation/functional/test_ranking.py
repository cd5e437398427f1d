"""Tests of :mod:`mmpretrain.evaluation.functional.ranking`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.evaluation import (
    AveragePrecision,
)
from mmpretrain.evaluation.functional import (
    average_precision,
)


def test_average_precision_against_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    r = np.random.RandomState(0)
    pred, target = r.rand(50, 4).astype(np.float32), r.rand(50, 4) > 0.7
    expected = [100 * metrics.average_precision_score(target[:, k], pred[:, k]) for k in range(4)]
    np.testing.assert_allclose(AveragePrecision.calculate(pred, target, average=None), expected, rtol=1e-5)
    target = target.astype(int)
    target[:10, 0] = -1
    expected = 100 * metrics.average_precision_score(target[10:, 0], pred[10:, 0])
    assert average_precision(pred, target, None)[0].item() == pytest.approx(expected, rel=1e-5)


def test_what_does_not_count_has_no_rank():
    """Whatever its score, and that of the others: infinite ones are scores, too."""
    pred = np.array([[-np.inf], [-np.inf], [0.5]], np.float32)
    target = np.array([[-1], [1], [0]])
    assert average_precision(pred, target).item() == 50
    assert average_precision([[1, 0], [0, 2], [0, 1]], [[1, 0], [0, 1], [0, 0]], None).tolist() == [100, 100]
