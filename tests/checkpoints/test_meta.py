"""Tests of :mod:`mmpretrain.checkpoints.meta`."""

from __future__ import annotations

import pytest

from mmpretrain.checkpoints.meta import dataset_meta, meta_of


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({"dataset_meta": {"classes": ["a", "b"], "task": 1}}, {"classes": ("a", "b"), "task": 1}),
        ({"dataset_meta": {"CLASSES": ("a",)}}, {"classes": ("a",)}),
        ({"CLASSES": ("a", "b")}, {"classes": ("a", "b")}),  # 0.x
        ({"dataset_meta": {"classes": [1, 2], "task": 1}}, {"task": 1}),
        ({"dataset_meta": {"classes": "ab"}}, {}),
        ({"dataset_meta": "imagenet"}, None),
        ({}, None),
    ],
)
def test_what_a_checkpoint_says_about_its_data(meta, expected):
    assert dataset_meta({"meta": meta}) == expected


@pytest.mark.parametrize("checkpoint", [{}, {"meta": None}, {"meta": [1]}])
def test_a_checkpoint_need_not_say_anything(checkpoint):
    assert meta_of(checkpoint) == {}
    assert dataset_meta(checkpoint) is None
