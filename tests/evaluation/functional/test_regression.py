"""Errors of predicted numbers against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.errors import DataError
from mmpretrain.evaluation.functional import mean_absolute_error, r2_score, root_mean_squared_error


@pytest.mark.parametrize("shape", [(40,), (40, 1), (40, 3)])
def test_against_scikit_learn(shape):
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.RandomState(0)
    target = random.randn(*shape)
    pred = target + 0.3 * random.randn(*shape)
    np.testing.assert_allclose(mean_absolute_error(pred, target), metrics.mean_absolute_error(target, pred))
    np.testing.assert_allclose(
        root_mean_squared_error(pred, target), metrics.root_mean_squared_error(target, pred)
    )
    np.testing.assert_allclose(r2_score(pred, target), metrics.r2_score(target, pred))


def test_no_variance():
    same = torch.ones(4)
    assert r2_score(same, same) == 1
    assert r2_score(same + 0.1, same) == 0


def test_bad_input():
    with pytest.raises(DataError, match="same shape"):
        mean_absolute_error([1.0], [1.0, 2.0])
    with pytest.raises(DataError, match="no sample"):
        mean_absolute_error([], [])
    with pytest.raises(DataError, match="two samples"):
        r2_score([1.0], [1.0])
