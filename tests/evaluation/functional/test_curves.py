"""Curves and areas against scikit-learn, with equal scores, missing classes and samples that do not count."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional import (
    auroc,
    precision_recall_area,
    precision_recall_curve,
    roc_curve,
)
from mmpretrain.evaluation.functional.curves import count_by_threshold


def case(classes: int, seed: int = 0, decimals: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Scores, many of them equal, and labels that they predict a little."""
    random = np.random.RandomState(seed)
    labels = random.randint(0, classes, 150)
    scores = random.rand(150, classes) + np.eye(classes)[labels] * 0.4
    return (scores / scores.sum(1, keepdims=True)).round(decimals), labels


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize(
    ("area", "name"), [(auroc, "roc_auc_score"), (precision_recall_area, "average_precision_score")]
)
def test_areas_against_scikit_learn(classes, decimals, area, name):
    expected = getattr(pytest.importorskip("sklearn.metrics"), name)
    scores, labels = case(classes, decimals=decimals)
    onehot = np.eye(classes)[labels]
    for average in ("macro", "micro", None):
        value = area(scores, labels, average)
        np.testing.assert_allclose(value, 100 * expected(onehot, scores, average=average), atol=1e-6)
        assert torch.equal(value, area(torch.from_numpy(scores), onehot, average))
    binary = labels == 1
    np.testing.assert_allclose(area(scores[:, 1], binary), 100 * expected(binary, scores[:, 1]), atol=1e-6)


def test_curves_against_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    scores, labels = case(3)
    positive = labels == 2
    for ours, theirs in zip(
        roc_curve(scores[:, 2], positive), metrics.roc_curve(positive, scores[:, 2], drop_intermediate=False)
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    precision, recall, thresholds = metrics.precision_recall_curve(positive, scores[:, 2])
    ours = precision_recall_curve(scores[:, 2], positive)
    for value, theirs in zip(ours, (precision[:-1], recall[:-1], thresholds)):
        np.testing.assert_allclose(value.flip(0), theirs, atol=1e-12)


def test_equal_scores_count_half():
    assert auroc(torch.zeros(4), [0, 1, 0, 1]) == 50
    assert auroc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]) == 75


def test_classes_without_samples_are_left_out_of_the_mean():
    scores, labels = case(4)
    kept = labels != 3
    classes = auroc(scores[kept], labels[kept], None)
    assert classes.isnan().tolist() == [False, False, False, True]
    assert auroc(scores[kept], labels[kept]) == classes[:3].mean()
    assert precision_recall_area(scores[kept], labels[kept], None)[3].isnan()


def test_samples_that_do_not_count():
    scores, labels = case(2)
    targets = torch.eye(2)[labels]
    hidden = targets.clone()
    hidden[:50] = -1
    assert torch.equal(auroc(scores, hidden, None), auroc(scores[50:], targets[50:], None))
    assert auroc(scores[:50], hidden[:50], None).isnan().all()
    assert auroc(scores[:50], hidden[:50], "micro").isnan()


def test_counts():
    counts = count_by_threshold([0.75, 0.5, 0.5, 0.25], [1, 0, 1, 0])
    assert counts.thresholds.tolist() == [0.75, 0.5, 0.25]
    assert counts.true_positives.tolist() == [1, 2, 2]
    assert counts.false_positives.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("scores", "target", "message"),
    [
        (torch.rand(3, 2), [0, 1], "There are 3 predictions, but 2 targets"),
        (torch.rand(3, 2), [0, 1, 2], "Labels must be from 0 to 1"),
        (torch.rand(3, 2), [0, -1, 1], "Labels must be from 0 to 1"),
        (torch.rand(3, 2), torch.zeros(3, 3), "must both have shape"),
        (torch.tensor([0.1, float("nan")]), [0, 1], "1 of 2 scores are NaN"),
        (torch.zeros(0, 2), torch.zeros(0), "no sample"),
    ],
)
def test_bad_input(scores, target, message):
    with pytest.raises(DataError, match=message):
        auroc(scores, target)


def test_unknown_average():
    with pytest.raises(ConfigError, match="average must be"):
        auroc(torch.rand(2, 2), [0, 1], "weighted")
