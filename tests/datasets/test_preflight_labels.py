"""Labels that are written in another way than as indices of classes are recognised."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from mmpretrain.datasets import BaseDataset, MultiLabelDataset
from mmpretrain.datasets.preflight import preflight


def problems(tmp_path, labels, kind=MultiLabelDataset, **more):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((4, 4, 3), np.uint8))
    items = [dict(img_path=str(tmp_path / "a.png"), gt_label=label) for label in labels]
    content = dict(metainfo=dict(classes=["ant", "bee", "cat"]), data_list=items)
    (tmp_path / "ann.json").write_text(json.dumps(content))
    dataset = kind(ann_file=str(tmp_path / "ann.json"), **more)
    return [problem for problem in preflight(dict(train=dataset), num_classes=3) if problem.level == "hard"]


@pytest.mark.parametrize(
    ("labels", "advice"),
    [
        ([[0, 1, 1], [1, 0, 0]], "write [1, 2]"),
        ([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], "write [0]"),
        ([[0, 0, 0], [1, 1, 1]], "write []"),
    ],
)
@pytest.mark.parametrize("kind", [MultiLabelDataset, BaseDataset])
def test_vectors(tmp_path, labels, advice, kind):
    (found,) = problems(tmp_path, labels, kind)
    assert f"look like vectors of 0 and 1 of length 3, such as {labels[0]}" in found.text
    assert found.text.endswith(advice)
    assert "a.png" in found.text


@pytest.mark.parametrize("labels", [["ant", "bee"], [["ant", "cat"], ["bee"]]])
def test_names(tmp_path, labels):
    (found,) = problems(tmp_path, labels)
    assert "labels are names, such as 'ant'" in found.text


@pytest.mark.parametrize(
    "labels",
    [
        [[0, 1], [1, 0]],  # two indices each
        [[0, 1], [1, 2]],
        [[0], [1]],
        [[0, 1, 2], [0, 1, 2]],
        [[], [0, 1]],
        [[0, 2], [1], []],
    ],
)
def test_indices(tmp_path, labels):
    assert problems(tmp_path, labels) == []


def test_vectors_of_two_classes(tmp_path):
    from mmpretrain.datasets.preflight_labels import label_encoding

    problems(tmp_path, [[0, 1], [1, 0]])
    dataset = MultiLabelDataset(ann_file=str(tmp_path / "ann.json"))
    (found,) = label_encoding("train", dataset, 2)
    assert "vectors of 0 and 1 of length 2" in found.text


def test_labels_that_count_from_one(tmp_path):
    (found,) = problems(tmp_path, [1, 2, 3], BaseDataset)
    assert "Label 3 out of range" in found.text
    assert found.text.endswith("; labels count from 0")
    (found,) = problems(tmp_path, [0, 3], BaseDataset)
    assert not found.text.endswith("; labels count from 0")
