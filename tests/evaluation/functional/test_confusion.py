"""The confusion matrix."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional import confusion_matrix


def test_rows_are_the_truth():
    counts = confusion_matrix([0, 2, 2, 1], [0, 1, 1, 1], num_classes=3)
    assert counts.tolist() == [[1, 0, 0], [0, 1, 2], [0, 0, 0]]


def test_scores_are_labels_by_their_largest():
    scores = torch.tensor([[0.1, 0.9], [0.8, 0.2]])
    assert confusion_matrix(scores, [1, 1]).tolist() == [[0, 0], [1, 1]]


def test_labels_need_the_number_of_classes():
    with pytest.raises(ConfigError, match="num_classes is needed"):
        confusion_matrix([0], [0])


@pytest.mark.parametrize(
    ("pred", "target", "message"),
    [
        ([0, 3], [0, 1], "predicted class is 3"),
        ([0, 1], [0, 3], "label is 3"),
        ([0, 1], [-1, 0], "label is -1"),
    ],
)
def test_what_is_no_class_is_named(pred, target, message):
    """It would count for another class, or end in an error of torch."""
    with pytest.raises(DataError, match=f"There are 3 classes, numbered from 0, and a {message}"):
        confusion_matrix(pred, target, num_classes=3)
