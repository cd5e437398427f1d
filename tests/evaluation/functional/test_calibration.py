"""Calibration errors by hand, Brier score and log loss against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional import (
    brier_score,
    classwise_calibration_error,
    expected_calibration_error,
    negative_log_likelihood,
    reliability,
)
from mmpretrain.evaluation.functional.calibration import are_probabilities


def probabilities(classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(classes)
    scores = torch.randn(80, classes, generator=generator, dtype=torch.float64).softmax(1)
    return scores, torch.randint(classes, (80,), generator=generator)


def test_expected_calibration_error_by_hand():
    # Confidences 0.95 and 0.85 share no bin of ten; 0.62 and 0.68 do.
    scores = torch.tensor([[0.95, 0.05], [0.15, 0.85], [0.62, 0.38], [0.68, 0.32]], dtype=torch.float64)
    labels = [0, 0, 0, 1]
    expected = (abs(0.95 - 1) + abs(0.85 - 0) + 2 * abs(0.65 - 0.5)) / 4
    assert expected_calibration_error(scores, labels, 10).item() == pytest.approx(expected)
    bins = reliability(scores.max(1).values, torch.tensor([1, 0, 1, 0]), 10)
    assert bins.count.tolist() == [0, 0, 0, 0, 0, 0, 2, 0, 1, 1]
    assert bins.accuracy[6] == 0.5
    assert bins.accuracy[0].isnan()


def test_perfect_scores():
    assert expected_calibration_error(torch.eye(3), [0, 1, 2]) == 0
    assert brier_score(torch.eye(3), [0, 1, 2]) == 0
    assert negative_log_likelihood(torch.eye(3), [0, 1, 2]) == 0
    assert classwise_calibration_error(torch.eye(3), [0, 1, 2]).tolist() == [0, 0, 0]


def test_classwise_is_the_error_of_each_class_alone():
    scores, labels = probabilities(3)
    values = classwise_calibration_error(scores, labels, 5)
    for k in range(3):
        assert values[k] == reliability(scores[:, k], labels == k, 5).error()


@pytest.mark.parametrize("classes", [2, 4])
def test_against_scikit_learn(classes):
    metrics = pytest.importorskip("sklearn.metrics")
    scores, labels = probabilities(classes)
    np.testing.assert_allclose(negative_log_likelihood(scores, labels), metrics.log_loss(labels, scores))
    expected = (
        metrics.brier_score_loss(labels, scores[:, 1])
        if classes == 2
        else (scores - torch.eye(classes)[labels]).square().sum(1).mean()
    )
    np.testing.assert_allclose(brier_score(scores, labels), expected)


def test_several_labels():
    metrics = pytest.importorskip("sklearn.metrics")
    scores = torch.rand(60, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    targets = (scores > 0.6).long()
    targets[0], targets[1] = 1, 0
    flat = (targets.flatten(), scores.flatten())
    np.testing.assert_allclose(brier_score(scores, targets), metrics.brier_score_loss(*flat))
    np.testing.assert_allclose(negative_log_likelihood(scores, targets), metrics.log_loss(*flat))
    hidden = targets.clone()
    hidden[2:] = -1
    assert brier_score(scores, hidden) == brier_score(scores[:2], targets[:2])
    assert expected_calibration_error(scores, hidden) == expected_calibration_error(scores[:2], targets[:2])


def test_a_probability_of_zero_is_finite():
    assert negative_log_likelihood(torch.tensor([[1.0, 0.0]]), [1]) == pytest.approx(15.9424, abs=1e-4)


@pytest.mark.parametrize("score", [1.5, -0.2, float("nan")])
def test_what_is_no_probability_is_refused(score):
    """Logits gave a number that means nothing, NaN an error of torch."""
    scores = torch.tensor([[0.5, 0.5], [score, 0.1]])
    for function in (
        brier_score,
        classwise_calibration_error,
        expected_calibration_error,
        negative_log_likelihood,
    ):
        with pytest.raises(DataError, match="probabilities, from 0 to 1, and a score is"):
            function(scores, [0, 1])
    assert not are_probabilities(scores)
    assert are_probabilities(torch.tensor([[1.001, 0.0]], dtype=torch.float16))


def test_several_labels_may_be_one_each():
    """The values do not change their meaning with the data: scores of several labels do not add up to 1."""
    scores = torch.tensor([[0.9, 0.8], [0.3, 0.6]], dtype=torch.float64)
    one_each = torch.tensor([[1, 0], [0, 1]])
    assert brier_score(scores, one_each).item() == pytest.approx((0.01 + 0.64 + 0.09 + 0.16) / 4)
    assert brier_score(scores, [0, 1]).item() == pytest.approx((0.01 + 0.64 + 0.09 + 0.16) / 4)  # halved
    bins = reliability(scores.flatten(), one_each.flatten(), 15)
    assert expected_calibration_error(scores, one_each) == bins.error()
    softmax, labels = probabilities(3)
    assert brier_score(softmax, torch.eye(3)[labels]) == brier_score(softmax, labels)


def test_a_class_without_samples_that_count():
    scores, targets = torch.rand(4, 2), torch.tensor([[1, -1]] * 4)
    assert classwise_calibration_error(scores, targets).isnan().tolist() == [False, True]


@pytest.mark.parametrize("bins", [0, -1, 1.5, True])
def test_bad_number_of_bins(bins):
    with pytest.raises(ConfigError, match="num_bins"):
        expected_calibration_error(torch.eye(2), [0, 1], bins)
