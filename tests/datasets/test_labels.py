"""Tests of :mod:`mmpretrain.datasets.labels`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.datasets.labels import label_indices, single_labels, to_indices
from mmpretrain.errors import DataError


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_what_libraries_give_for_a_missing_label(missing):
    with pytest.raises(DataError, match="row 1: A sample has no label"):
        to_indices([0, missing], None, "row {}".format)


@pytest.mark.parametrize(
    ("label", "classes"),
    [(3, [3]), (np.int64(3), [3]), (2.0, [2]), ([0, 2], [0, 2]), ((), []), (np.array([1]), [1])],
)
def test_the_classes_of_a_sample(label, classes):
    assert label_indices(label) == classes


@pytest.mark.parametrize("label", ["a", ["a", "b"], 0.5, [1, None], {"a": 1}, float("nan"), [[0], [1, 2]]])
def test_what_is_no_class(label):
    with pytest.raises(DataError, match=r"x\.jpg: A label is the number of a class"):
        label_indices(label, "x.jpg")
    with pytest.raises(DataError, match=r"x\.jpg: A sample has no label"):
        label_indices(None, "x.jpg")


@pytest.mark.parametrize("labels", [[[0], [1, 2]], [0.5, 1.0], ["a", "b"], [[0], [1]], [None, 1]])
def test_samples_that_do_not_have_one_class_each(labels):
    class Labels:
        def get_gt_labels(self):
            return np.array(labels)

    assert single_labels(Labels()) is None
    assert single_labels(object()) is None


def test_a_class_that_is_called_with_blanks():
    where = "row {}".format
    assert to_indices(["cat ", " dog", " cat  "], ["cat ", "dog", "cat"], where) == ([0, 1, 2], None)
