"""Conformal sets: scores worked out by hand, and the coverage that the papers promise."""

from __future__ import annotations

import math

import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional.conformal import (
    Penalty,
    conformal_quantile,
    conformal_scores,
    prediction_sets,
    tuned_penalty,
)
from tests.evaluation.functional.test_scaling import planted

PROBS = torch.tensor([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])


def test_scores_by_hand():
    close = torch.testing.assert_close
    close(conformal_scores(PROBS).float(), torch.tensor([[0.8, 0.0, 0.5], [0.8, 0.9, 0.0]]))
    noise = torch.tensor([0.5, 1.0])
    close(conformal_scores(PROBS, noise).float(), torch.tensor([[0.9, 0.25, 0.65], [0.9, 1.0, 0.8]]))
    close(
        conformal_scores(PROBS, noise, Penalty(0.1, 1)).float(),
        torch.tensor([[1.1, 0.25, 0.75], [1.0, 1.2, 0.8]]),
    )


def test_quantile_is_that_of_finite_samples():
    scores = torch.arange(1.0, 10.0)  # nine of them
    assert conformal_quantile(scores, 0.9) == 9
    assert conformal_quantile(scores, 0.8) == 8
    assert conformal_quantile(scores, 0.05) == 1
    assert math.isinf(conformal_quantile(scores, 0.91))


@pytest.mark.parametrize("penalty", [Penalty(), Penalty(0.1, 2)])
@pytest.mark.parametrize("coverage", [0.6, 0.9])
def test_coverage(coverage, penalty):
    """Exact with noise, at least the one asked for without, though the model is too sure."""
    logits, labels = planted(20000)
    probs = (3 * logits).softmax(1)
    noise = torch.rand(len(labels), generator=torch.Generator().manual_seed(1))
    half = len(labels) // 2

    def covered(noise):
        scores = conformal_scores(probs, noise, penalty)
        own = scores.gather(1, labels[:, None]).flatten()
        sets = prediction_sets(scores[half:], conformal_quantile(own[:half], coverage))
        right = sets.gather(1, labels[half:, None]).double().mean()
        return float(right), int(sets.sum(1).min())

    assert covered(noise)[0] == pytest.approx(coverage, abs=0.015)
    share, smallest = covered(None)
    assert share > coverage - 0.015
    assert smallest >= 1


def test_regularized_sets_are_smaller():
    generator = torch.Generator().manual_seed(0)
    logits = 1.5 * torch.randn(4000, 50, generator=generator)
    labels = torch.multinomial((3 * logits).softmax(1), 1, generator=generator).flatten()
    probs = logits.softmax(1)  # with a long tail that means nothing
    noise = torch.rand(len(labels), generator=generator)
    penalty = tuned_penalty(probs[:1000], labels[:1000], 0.9, noise[:1000])
    assert penalty.strength in (0.001, 0.01, 0.1, 0.2, 0.5)
    assert 1 <= penalty.free <= 50

    def mean_size(penalty):
        scores = conformal_scores(probs[1000:], noise[1000:], penalty)
        own = scores.gather(1, labels[1000:, None]).flatten()
        return prediction_sets(scores, conformal_quantile(own, 0.9)).sum(1).double().mean()

    assert mean_size(penalty) < mean_size(Penalty())


@pytest.mark.parametrize("coverage", [0, 1, 1.5, -0.1, True, "0.9", math.nan])
def test_bad_coverage(coverage):
    with pytest.raises(ConfigError, match="between 0 and 1"):
        conformal_quantile(torch.zeros(3), coverage)


def test_nothing_to_calibrate_with():
    with pytest.raises(DataError, match="no image"):
        conformal_quantile(torch.zeros(0), 0.9)
