"""Weighted nearest neighbours, against sums worked out here."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional import knn_scores, neighbors


def test_by_hand():
    bank = torch.tensor([[1.0, 0.0], [2.0, 2.0], [0.0, 3.0], [-1.0, 0.0]])
    labels = torch.tensor([0, 1, 1, 2])
    scores = knn_scores(torch.tensor([[5.0, 0.0]]), bank, labels, 3, ks=(1, 2, 4), temperature=0.5)
    weights = [torch.tensor(cosine / 0.5).exp() for cosine in (1.0, 0.5**0.5, 0.0, -1.0)]
    assert scores[1].tolist() == [[1.0, 0.0, 0.0]]
    total = weights[0] + weights[1]
    torch.testing.assert_close(scores[2], torch.stack([weights[0], weights[1], 0 * total])[None] / total)
    total = sum(weights)
    expected = torch.stack([weights[0], weights[1] + weights[2], weights[3]])[None] / total
    torch.testing.assert_close(scores[4], expected)


def test_chunks_agree(monkeypatch):
    torch.manual_seed(0)
    queries, bank, labels = torch.randn(50, 8), torch.randn(30, 8), torch.randint(0, 4, (30,))
    whole = knn_scores(queries, bank, labels, 4)
    monkeypatch.setattr(neighbors, "MAX_ENTRIES", 70)
    for k, scores in knn_scores(queries, bank, labels, 4).items():
        torch.testing.assert_close(scores, whole[k])


def test_small_temperature_does_not_overflow():
    scores = knn_scores(torch.randn(3, 4), torch.randn(9, 4), torch.arange(9) % 2, 2, temperature=1e-3)
    assert all(torch.isfinite(value).all() for value in scores.values())


def test_what_it_refuses():
    one = torch.randn(2, 4)
    with pytest.raises(DataError, match="no feature"):
        knn_scores(one, torch.zeros(0, 4), torch.zeros(0, dtype=torch.long), 2)
    with pytest.raises(ConfigError, match="k must be"):
        knn_scores(one, one, torch.tensor([0, 1]), 2, ks=(0,))
    with pytest.raises(ConfigError, match="temperature"):
        knn_scores(one, one, torch.tensor([0, 1]), 2, temperature=0)


@pytest.mark.parametrize(("queries", "size", "channels", "temperature"), [(20, 90, 16, 0.07), (9, 5, 3, 0.2)])
def test_the_formula_in_numpy(queries, size, channels, temperature):
    rng = np.random.default_rng(0)
    asked, bank = (rng.standard_normal((n, channels)) for n in (queries, size))
    labels = rng.integers(0, 4, size)
    got = knn_scores(*map(torch.tensor, (asked, bank, labels)), 4, (1, 5, 10, 100), temperature)
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (asked, bank)]
    cosine = unit[0] @ unit[1].T
    for k, scores in got.items():
        for row, similarity in zip(scores, cosine):
            votes = np.zeros(4)
            for i in np.argsort(-similarity)[:k]:
                votes[labels[i]] += np.exp(similarity[i] / temperature)
            np.testing.assert_allclose(row.numpy(), votes / votes.sum(), atol=1e-5)
