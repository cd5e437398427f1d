"""Tests of :mod:`mmpretrain.structures.utils`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.errors import DataError
from mmpretrain.structures import (
    batch_label_to_onehot,
    cat_batch_labels,
    format_label,
    format_score,
    label_to_onehot,
    tensor_split,
    value_names,
)


@pytest.mark.parametrize(
    "value", [3, np.int64(3), np.array(3), np.array([3.0]), [3], (3,), torch.tensor(3), torch.tensor([3])]
)
def test_label_forms(value):
    label = format_label(value)
    assert label.dtype == torch.int64
    assert label.tolist() == [3]


def test_score_forms():
    for value in ([1, 0], np.array([1, 0]), torch.tensor([1.0, 0.0])):
        assert format_score(value).dtype == torch.float32
    assert format_score(torch.ones(1, dtype=torch.float64)).dtype == torch.float64, "tensors stay as they are"


@pytest.mark.parametrize(
    ("function", "value"), [(format_label, "3"), (format_label, 3.5), (format_score, 1.0)]
)
def test_wrong_types(function, value):
    with pytest.raises(TypeError, match="got"):
        function(value)


def test_wrong_shape():
    with pytest.raises(DataError, match=r"shape \(1, 2\)"):
        format_label([[1, 2]])


def test_onehot():
    labels = [torch.tensor([0, 1]), torch.tensor([0, 2, 4]), torch.tensor([3, 1])]
    joined, starts = cat_batch_labels(labels)
    assert joined.tolist() == [0, 1, 0, 2, 4, 3, 1]
    assert starts == [2, 5]
    assert [part.tolist() for part in tensor_split(joined, starts)] == [label.tolist() for label in labels]
    rows = batch_label_to_onehot(joined, starts, num_classes=5)
    assert rows.tolist() == [[1, 1, 0, 0, 0], [1, 0, 1, 0, 1], [0, 1, 0, 1, 0]]
    assert torch.equal(rows[1], label_to_onehot([0, 2, 4], 5))
    assert label_to_onehot(1, 3).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("meta", "count", "names"),
    [
        ({"values": ["age", "height"]}, 2, ("age", "height")),
        ({"values": ["age", "height"]}, 1, ("value",)),
        ({"values": "ab"}, 2, ("value_0", "value_1")),
        ({"values": [1, 2]}, 2, ("value_0", "value_1")),
        (None, 1, ("value",)),
    ],
)
def test_value_names(meta, count, names):
    assert value_names(meta, count) == names
