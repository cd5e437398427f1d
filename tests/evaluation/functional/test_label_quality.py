"""Planted wrong labels are found."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.evaluation.functional import find_label_suspects, label_suspicion


@pytest.fixture(scope="module")
def planted() -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
    """Out-of-fold predictions for the digits, 5 % of whose labels are wrong."""
    datasets = pytest.importorskip("sklearn.datasets")
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    images, labels = datasets.load_digits(return_X_y=True)
    random = np.random.RandomState(0)
    wrong = random.rand(len(labels)) < 0.05
    given = np.where(wrong, (labels + random.randint(1, 10, len(labels))) % 10, labels)
    model = LogisticRegression(max_iter=200, C=0.01)
    scores = cross_val_predict(model, images / 16, given, cv=5, method="predict_proba")
    return torch.from_numpy(scores), torch.from_numpy(given), wrong


def test_planted_labels_are_found(planted):
    metrics = pytest.importorskip("sklearn.metrics")
    scores, labels, wrong = planted
    suspicion, _ = label_suspicion(scores, labels)
    own = scores.gather(1, labels[:, None]).flatten()
    margin = scores.scatter(1, labels[:, None], -1).max(1).values - own  # the usual order, by differences
    found = metrics.average_precision_score(wrong, suspicion)
    assert found >= metrics.average_precision_score(wrong, margin)
    assert found >= metrics.average_precision_score(wrong, 1 - own)
    suspects = find_label_suspects(scores, labels)
    assert wrong[suspects.index].mean() > 0.6
    assert wrong[suspects.index].sum() > 0.5 * wrong.sum()
    assert suspects.suspicion.tolist() == sorted(suspects.suspicion.tolist(), reverse=True)


def test_by_hand():
    scores = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.05, 0.95], [0.6, 0.4]], dtype=torch.float64)
    suspects = find_label_suspects(scores, [0, 1, 0, 1])
    # Class 0 scores (0.9 + 0.05) / 2 for its own samples, class 1 (0.8 + 0.4) / 2.
    assert suspects.index.tolist() == [2, 3]
    assert suspects.suggested.tolist() == [1, 0]
    assert suspects.suspicion[0] > suspects.suspicion[1] > 0


def test_ties_and_numbers():
    """Of labels that are impossible, the one whose other class is likelier comes first."""
    right = torch.tensor([[0.9, 0.05, 0.05]], dtype=torch.float64).repeat(40, 1)
    strange = torch.tensor([[0.0, 0.6, 0.4], [0.0, 1.0, 0.0], [0.3, 0.4, 0.3]], dtype=torch.float64)
    suspicion, suggested = label_suspicion(torch.cat([strange, right]), [0] * 43)
    assert suspicion.argsort(descending=True)[:3].tolist() == [1, 0, 2]
    assert bool(torch.isfinite(suspicion).all())
    assert suggested[:3].tolist() == [1, 1, 1]


def test_as_many_as_confident_learning_counts():
    """The list is a prefix of the order: the label's probability counts, whatever the other class."""
    own = torch.tensor([0.9, 0.9, 0.9, 0.05, 0.3], dtype=torch.float64)
    scores = torch.stack([own, 0.5 * (1 - own), 0.5 * (1 - own)], dim=1)
    scores[3] = torch.tensor([0.05, 0.5, 0.45])
    scores[4] = torch.tensor([0.3, 0.7, 0.0])
    one, two = torch.tensor([[0.2, 0.6, 0.2], [0.2, 0.2, 0.6]], dtype=torch.float64)
    suspects = find_label_suspects(torch.stack([*scores, one, two]), [0, 0, 0, 0, 0, 1, 2])
    # Class 1 is 0.6 likely for its own sample: of samples 3 and 4 only the latter reaches that.
    assert suspects.index.tolist() == [3]


def test_sure_and_right_is_never_suspected():
    assert len(find_label_suspects(torch.eye(3), [0, 1, 2]).index) == 0
    assert find_label_suspects(torch.eye(3)[[0, 1, 2, 2]], [0, 1, 2, 1]).index.tolist() == [3]
