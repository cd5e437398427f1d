"""Tests of :mod:`mmpretrain.datasets.transforms.base`."""

from __future__ import annotations

import pytest

from mmpretrain.datasets.transforms import BaseTransform, Compose
from mmpretrain.errors import TransformError, notes_of
from mmpretrain.registry import TRANSFORMS
from tests.datasets.transforms.blame_cases import IMAGE, Faulty, sample


def test_without_a_pipeline():
    with pytest.raises(TransformError, match=r"^Faulty fails on a sample without a path: ValueError"):
        Faulty()({})


def test_a_full_disk_stays_a_full_disk():
    class Full(BaseTransform):
        __module__ = "mmpretrain.datasets.transforms.full"

        def transform(self, results):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space") as caught:
        Compose([Full()])(sample())
    assert notes_of(caught.value) == [f"pipeline.0: Full fails on {IMAGE}"]


def test_every_transform_is_called_through_the_one_door():
    registered = [TRANSFORMS.get(name) for name in TRANSFORMS.names()]
    own = [
        kind for kind in registered if isinstance(kind, type) and kind.__module__.startswith("mmpretrain.")
    ]
    assert len(own) > 50
    assert [kind for kind in own if kind.__call__ is not BaseTransform.__call__] == []
