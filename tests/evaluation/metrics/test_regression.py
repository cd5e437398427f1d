"""Tests of :mod:`mmpretrain.evaluation.metrics.regression`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation import Evaluator
from mmpretrain.evaluation.metrics import RegressionMetric
from mmpretrain.structures import DataSample

PRED = [[1.0, 0.0], [2.0, 0.0], [6.0, 3.0]]
TRUTH = [[1.0, 0.0], [4.0, 1.0], [4.0, 2.0]]


def test_values_by_hand():
    """Squared errors 0, 4, 4 and 0, 1, 1; sums of squares about the means 3, 3 and 1, 0 and 2."""
    samples = [DataSample().set_pred_value(p).set_gt_value(t) for p, t in zip(PRED, TRUTH)]
    values = Evaluator(dict(type="RegressionMetric")).offline_evaluate(samples)
    assert values == {
        "regression/mae": pytest.approx(1.0),
        "regression/rmse": pytest.approx(((8 / 3) ** 0.5 + (2 / 3) ** 0.5) / 2),
        "regression/r2": pytest.approx(((1 - 8 / 6) + (1 - 2 / 2)) / 2),
    }
    one = RegressionMetric.calculate([row[0] for row in PRED], [row[0] for row in TRUTH], "mae")
    assert str(RegressionMetric.calculate([1.0], [2.0])) == "{'mae': 1.0, 'rmse': 1.0, 'r2': nan}"
    assert one == {"mae": pytest.approx(4 / 3)}


def test_mistakes():
    with pytest.raises(ConfigError, match="items must be among mae, rmse, r2, got 'mse'"):
        RegressionMetric(items=["mse"])
    with pytest.raises(DataError, match="A metric needs pred_value"):
        RegressionMetric().process(None, [{"pred_score": 0}])
