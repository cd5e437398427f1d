"""Scores of unlikeness, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.errors import DataError
from mmpretrain.evaluation.functional import ood
from mmpretrain.evaluation.functional.ood import (
    energy_score,
    fit_gaussians,
    knn_distance,
    mahalanobis_score,
)


def clusters(count=300, size=12, seed=0):
    """Features of three classes with a covariance of their own."""
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(size, size, generator=generator)
    labels = torch.arange(count) % 3
    centres = 4 * torch.randn(3, size, generator=generator)
    return centres[labels] + torch.randn(count, size, generator=generator) @ mix, labels


def test_energy_by_hand():
    logits = torch.tensor([[0.0, 0.0], [3.0, 1.0]])
    expected = -torch.tensor([2.0, 3.0]).new_tensor([np.log(2), np.log(np.exp(3) + np.exp(1))])
    torch.testing.assert_close(energy_score(logits), expected)


@pytest.mark.parametrize("count", [300, 10], ids=["many", "fewer than dimensions"])
def test_mahalanobis_is_that_of_scikit_learn(count):
    covariance = pytest.importorskip("sklearn.covariance")
    features, labels = clusters(count)
    fit = fit_gaussians(features, labels)
    means = torch.stack([features[labels == k].mean(0) for k in range(3)])
    expected = covariance.LedoitWolf(assume_centered=True).fit((features - means[labels]).numpy())
    others = clusters(50, seed=1)[0]
    distances = [expected.mahalanobis((others - mean).numpy()) for mean in means]
    np.testing.assert_allclose(mahalanobis_score(others, fit), np.min(distances, axis=0), rtol=2e-3)


def test_few_axes_are_close(monkeypatch):
    """With the directions of largest variance only, the others share their mean."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2000, 30, generator=generator)
    features[:, :3] *= 10
    labels = torch.zeros(2000, dtype=torch.long)
    whole = mahalanobis_score(features, fit_gaussians(features, labels))
    monkeypatch.setattr(ood, "MAX_AXES", 3)
    fit = fit_gaussians(features, labels)
    assert fit.axes.shape == (3, 30)
    few = mahalanobis_score(features, fit)
    assert np.corrcoef(whole, few)[0, 1] > 0.95


def test_neighbours_by_hand(monkeypatch):
    bank = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0]])
    asked = torch.tensor([[5.0, 0.0], [0.0, 1.0]])
    expected = {1: [0.0, 0.0], 2: [2**0.5, 2**0.5], 9: [2.0, 2**0.5]}
    for k, values in expected.items():
        torch.testing.assert_close(knn_distance(asked, bank, k), torch.tensor(values), atol=1e-3, rtol=0)
    monkeypatch.setattr(ood, "MAX_ENTRIES", 3)
    torch.testing.assert_close(knn_distance(asked, bank, 2), torch.tensor([2**0.5, 2**0.5]))


def test_one_class_and_features_without_variance():
    fit = fit_gaussians(torch.ones(5, 4), torch.zeros(5, dtype=torch.long))
    near, far = mahalanobis_score(torch.stack([torch.ones(4), torch.zeros(4)]), fit).tolist()
    assert 0 <= near < far < float("inf")


def test_bad_features():
    with pytest.raises(DataError, match="not finite"):
        fit_gaussians(torch.full((3, 2), torch.inf), torch.zeros(3, dtype=torch.long))
    with pytest.raises(DataError, match="shape"):
        fit_gaussians(torch.zeros(0, 2), torch.zeros(0, dtype=torch.long))
    with pytest.raises(DataError, match="no known feature"):
        knn_distance(torch.zeros(1, 2), torch.zeros(0, 2))
