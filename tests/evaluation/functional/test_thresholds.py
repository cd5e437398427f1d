"""The thresholds chosen are the best of all that could be."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.functional import multi_label_scores, select_thresholds


@pytest.fixture(scope="module")
def data() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    scores = torch.rand(60, 3, generator=generator)
    return scores, (scores + 0.5 * torch.rand(60, 3, generator=generator) > 0.8).long()


def of_class(scores, targets, k, thr):
    return multi_label_scores(scores[:, k : k + 1], targets[:, k : k + 1], thr=thr)


def test_f1(data):
    scores, targets = data
    for k, threshold in enumerate(select_thresholds(scores, targets).tolist()):
        best = max(of_class(scores, targets, k, thr).f1_score for thr in scores[:, k].tolist())
        assert of_class(scores, targets, k, threshold).f1_score == best


@pytest.mark.parametrize("wanted", [50, 90, 100])
def test_recall(data, wanted):
    scores, targets = data
    for k, threshold in enumerate(select_thresholds(scores, targets, "recall", wanted).tolist()):
        assert of_class(scores, targets, k, threshold).recall >= wanted
        higher = scores[:, k][scores[:, k] > threshold].min().item()
        assert of_class(scores, targets, k, higher).recall < wanted


@pytest.mark.parametrize("wanted", [70, 100])
def test_precision(data, wanted):
    scores, targets = data
    for k, threshold in enumerate(select_thresholds(scores, targets, "precision", wanted).tolist()):
        assert of_class(scores, targets, k, threshold).precision >= wanted
        for lower in scores[:, k][scores[:, k] < threshold].tolist():
            assert of_class(scores, targets, k, lower).precision < wanted


def test_what_cannot_be_reached():
    scores, targets = torch.tensor([[0.9, 0.2], [0.1, 0.3]]), torch.tensor([[0, 0], [1, 0]])
    thresholds = select_thresholds(scores, targets, "precision", 90)
    assert thresholds[0] == torch.inf
    assert thresholds[1].isnan(), "the class has no positive sample"


@pytest.mark.parametrize(
    ("criterion", "at_least", "message"),
    [
        ("recall", None, "at_least must be a percentage"),
        ("precision", 0, "at_least must be a percentage"),
        ("recall", 101, "at_least must be a percentage"),
        ("f1", 90, "no meaning"),
        ("f2", None, "criterion must be"),
    ],
)
def test_bad_criteria(criterion, at_least, message):
    with pytest.raises(ConfigError, match=message):
        select_thresholds(torch.rand(2, 2), [0, 1], criterion, at_least)
