"""Tests of :mod:`mmpretrain.datasets.preflight_classes`."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from mmpretrain.datasets import preflight_classes as classes


class Data:
    """As much of a data set as the checks look at."""

    def __init__(self, names, labels=()):
        self.metainfo = {} if names is None else {"classes": tuple(names)}
        self.labels = list(labels)

    def __len__(self):
        return len(self.labels)

    def get_gt_labels(self):
        return np.array(self.labels)

    def get_data_info(self, index):
        return {"img_path": f"{index}.png"}


def told(problems):
    return [(problem.level, problem.text) for problem in problems]


@pytest.mark.parametrize(
    ("train", "val", "level", "says"),
    [
        ("ab", "ab", None, None),
        ("ab", "ba", "hard", "another order: 'b' is 0 instead of 1"),
        ("ab", "abc", "hard", "only in val: 'c'"),
        ("abc", "ab", "soft", "only in train: 'c'"),
        (["cat ", "dog"], ["cat", "dog"], "hard", "'cat ' (trailing space)"),
        (["n01", "n02"], ["cat", "dog"], "soft", "only in train: 'n01', 'n02'"),  # two ways to name the same
    ],
)
def test_classes_of_two_splits(train, val, level, says):
    problems = told(classes.different_classes(Data(train), Data(val), "val"))
    assert [found for found, _ in problems] == ([] if level is None else [level])
    assert says is None or says in problems[0][1]


def test_labels_that_the_head_has_no_place_for():
    data = Data(None, [1, 2, 3, 3])
    ((level, text),) = told(classes.label_range("train", data, 3, "model.head"))
    assert level == "hard"
    assert text.startswith(
        "Label 3 out of range: model.head: 3 classes, but train has labels 1..3; 2 samples"
    )
    assert "first 2.png" in text
    assert text.endswith("labels count from 0")
    assert told(classes.label_range("train", data, 4, "model.head")) == []
    ((level, _),) = told(classes.label_range("train", Data("ab", [0, 2]), None, None))
    assert level == "soft"  # nothing but the names says how many there are


def test_labels_of_several_classes_a_sample():
    data = SimpleNamespace(get_cat_ids=lambda index: [[0, 2], [], [1]][index], __len__=None)
    data = type(
        "Several", (), {"__len__": lambda self: 3, "get_cat_ids": lambda self, i: [[0, 2], [], [1]][i]}
    )()
    labels, owners = classes.label_arrays(data)
    assert (labels.tolist(), owners.tolist()) == ([0, 2, 1], [0, 0, 2])
    assert classes.label_arrays([1, 2]) is None


def test_classes_without_a_sample():
    assert told(classes.empty_classes(Data("abc", [0, 0]))) == [
        ("soft", "2 classes have no sample: 'b', 'c'")
    ]
    assert told(classes.empty_classes(Data("ab", [0, 1]))) == []
    assert told(classes.empty_classes(Data(None, [0]))) == []
