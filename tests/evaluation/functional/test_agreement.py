"""Values of a confusion matrix against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional import (
    balanced_accuracy,
    cohen_kappa,
    confusion_matrix,
    matthews_correlation,
    sensitivity,
    specificity,
)


@pytest.mark.parametrize("classes", [2, 3, 9])
def test_against_scikit_learn(classes):
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.RandomState(classes)
    right = random.randint(0, classes, 120)
    predicted = np.where(random.rand(120) < 0.6, right, random.randint(0, classes, 120))
    counts = confusion_matrix(predicted, right, classes)
    expected = metrics.recall_score(right, predicted, average=None)
    np.testing.assert_allclose(sensitivity(counts), 100 * expected)
    expected = [metrics.recall_score(right != k, predicted != k) for k in range(classes)]
    np.testing.assert_allclose(specificity(counts), 100 * np.array(expected))
    np.testing.assert_allclose(
        balanced_accuracy(counts), 100 * metrics.balanced_accuracy_score(right, predicted)
    )
    np.testing.assert_allclose(matthews_correlation(counts), metrics.matthews_corrcoef(right, predicted))
    for weights in (None, "linear", "quadratic"):
        expected = metrics.cohen_kappa_score(right, predicted, weights=weights)
        np.testing.assert_allclose(cohen_kappa(counts, weights), expected)


def test_classes_without_samples():
    counts = torch.tensor([[3, 1, 0], [0, 4, 0], [0, 0, 0]])
    assert sensitivity(counts)[2].isnan()
    assert balanced_accuracy(counts) == (75 + 100) / 2
    assert specificity(counts).tolist() == [100, 75, 100]


def test_all_predictions_the_same():
    counts = torch.tensor([[0, 3], [0, 5]])
    assert matthews_correlation(counts) == 0
    assert cohen_kappa(counts) == 0


def test_bad_input():
    with pytest.raises(DataError, match=r"shape \(C, C\), got \(2, 3\)"):
        sensitivity(torch.zeros(2, 3))
    with pytest.raises(ConfigError, match="weights"):
        cohen_kappa(torch.eye(2), "cubic")  # pyright: ignore[reportArgumentType]
