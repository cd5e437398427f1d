"""Tests of :mod:`mmpretrain.evaluation.functional.classwise`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional import (
    accuracy,
    average_precision,
    confusion_matrix,
    multi_label_scores,
    single_label_scores,
    to_tensor,
)


def test_wrong_input():
    with pytest.raises(TypeError, match="Expected a tensor, an array or a sequence, got str"):
        to_tensor("abc")
    with pytest.raises(ConfigError, match="num_classes is needed"):
        confusion_matrix([0], [0])
    with pytest.raises(ConfigError, match="num_classes is needed"):
        single_label_scores([0], [0])
    with pytest.raises(ConfigError, match="num_classes is needed"):
        multi_label_scores([[0]], [[0]], pred_indices=True)
    with pytest.raises(DataError, match=r"predictions have shape \(1, 2\), the targets \(1, 3\)"):
        multi_label_scores([[0, 1]], [[0, 1, 1]])
    with pytest.raises(DataError, match="one number per class"):
        multi_label_scores(torch.zeros(2), torch.zeros(2))
    with pytest.raises(DataError, match=r"must both have shape \(N, C\)"):
        average_precision(torch.zeros(2), torch.zeros(2))
    with pytest.raises(ConfigError, match="average must be 'macro' or None"):
        average_precision(torch.zeros(2, 2), torch.zeros(2, 2), "micro")  # type: ignore[arg-type]


def test_labels_out_of_range_are_named():
    with pytest.raises(DataError, match="There are 3 classes, numbered from 0, and a label is 3"):
        single_label_scores([0, 1], [0, 3], num_classes=3)
    with pytest.raises(DataError, match="a predicted class is -1"):
        single_label_scores([0, -1], [0, 1], num_classes=3)


def test_equal_scores_are_broken_as_for_accuracy():
    """As in 1.x; a model that gives all classes the same score is not judged twice in different ways."""
    r = torch.Generator().manual_seed(0)
    for classes in (2, 4, 10, 50):
        scores = torch.randint(0, 3, (60, classes), generator=r) / 4
        labels = torch.randint(0, classes, (60,), generator=r)
        (micro,) = single_label_scores(scores, labels, (None,), "micro")
        assert micro.recall.item() == pytest.approx(accuracy(scores, labels, (1,), (None,)).item(), rel=1e-6)
