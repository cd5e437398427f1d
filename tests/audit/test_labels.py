"""Labels and outliers of sets that are large, or cannot be learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.audit import audit, labels
from mmpretrain.audit.run import UNTOLD
from tests.audit.cases import drawing, read


def test_labels_that_are_chance_are_not_checked(tmp_path):
    import cv2

    for number in range(40):
        folder = tmp_path / "train" / ("a" if (number * 7919) % 13 < 6 else "b")
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), drawing("disc", number))
    found = audit(read(tmp_path))
    assert UNTOLD in found.notes
    assert not found.counts["label"]


@pytest.mark.parametrize(("right", "known"), [(50, False), (58, False), (62, True), (100, True)])
def test_better_than_chance(right, known):
    truth = np.arange(100) % 2
    predicted = np.where(np.arange(100) < right, truth, 1 - truth)
    assert labels.better_than_chance(torch.eye(2)[predicted], truth) == known


def test_outliers_among_some_of_the_images(monkeypatch):
    features = torch.randn(600, 4, generator=torch.Generator().manual_seed(0))
    features[[30, 31]] += torch.tensor([[90.0], [-90.0]])
    whole = {one.index for one in labels.find_outliers(features)}
    monkeypatch.setattr(labels, "MAX_NEIGHBOURHOOD", 200)
    assert whole == {one.index for one in labels.find_outliers(features)} == {30, 31}


def test_folds_in_the_order_of_the_list_have_equal_shares_and_keep_groups_together():
    targets = np.arange(40) % 2
    groups = np.arange(40)
    groups[39] = groups[0]
    parts = labels._in_order(targets, groups, 4)
    assert parts[0] == parts[39] == 0
    assert [int(np.bincount(parts[targets == one], minlength=4).min()) for one in (0, 1)] == [5, 4]
    assert (np.diff(parts[:39:2]) >= 0).all()


@pytest.mark.parametrize(("work", "right"), [(1e12, True), (30 * 2 * 2 * 4, False)])
def test_logistic_regression_that_would_take_too_long_is_left_out(monkeypatch, work, right):
    features = torch.tensor([[-1.0, 0.5], [1.0, 0.5]]).repeat(15, 1)
    targets = torch.arange(30) % 2
    monkeypatch.setattr(labels, "WORK", work)
    probs = labels._regression(features, targets, features[:2], 2)
    assert bool((probs.diagonal() > 0.55).all()) == right
    assert probs.sum(1).tolist() == pytest.approx([1, 1])
