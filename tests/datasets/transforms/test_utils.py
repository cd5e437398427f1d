"""Tests of :mod:`mmpretrain.datasets.transforms.utils`."""

from __future__ import annotations

from mmpretrain.datasets.transforms import (
    RandomCrop,
    get_transform_idx,
    remove_transform,
)
from tests.datasets.transforms.wrapper_cases import Add


def test_editing_pipelines():
    pipeline = [
        dict(type="Resize", scale=8),
        dict(type=RandomCrop, crop_size=4),
        Add(1),
        dict(type="Resize", scale=9),
    ]
    assert get_transform_idx(pipeline, "RandomCrop") == 1
    assert get_transform_idx(pipeline, "Add") == 2
    assert get_transform_idx(pipeline, "Pad") == -1
    assert len(remove_transform(pipeline, "Resize")) == 2
    assert len(pipeline) == 4
    assert remove_transform(pipeline, "Resize", inplace=True) is pipeline
    assert len(pipeline) == 2
