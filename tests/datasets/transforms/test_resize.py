"""Tests of :mod:`mmpretrain.datasets.transforms.resize`."""

from __future__ import annotations

from mmpretrain.datasets.transforms import (
    Resize,
)
from tests.datasets.transforms.wrapper_cases import image


def test_resize_in_0x_spelling():
    assert Resize(size=(256, -1))(dict(img=image()))["img"].shape == (256, 320, 3)
    assert Resize(size=(10, 20))(dict(img=image()))["img"].shape == (10, 20, 3)
    assert Resize(size=10)(dict(img=image()))["img"].shape == (10, 10, 3)
