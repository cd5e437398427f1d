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
