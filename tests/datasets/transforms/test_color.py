"""Tests of :mod:`mmpretrain.datasets.transforms.color`."""

from __future__ import annotations

import logging

import numpy as np

from mmpretrain.datasets.transforms import (
    ColorJitter,
)
from tests.datasets.transforms.wrapper_cases import image


def test_hue_shifts_in_both_directions():
    """With NumPy 2, the original fails on negative shifts."""
    for backend in ("cv2", "pillow"):
        there = ColorJitter(hue=(-0.25, -0.25), backend=backend)(dict(img=image()))["img"]
        assert not np.array_equal(there, image())
        full = ColorJitter(hue=(0.5, 0.5), backend=backend)(dict(img=image()))["img"]
        assert np.abs(full.astype(int).max(-1) - image().max(-1)).max() <= 3  # the value stays


def test_jitter_ranges_are_cut(caplog):
    with caplog.at_level(logging.WARNING, logger="mmpretrain"):
        logging.getLogger("mmpretrain").propagate = True
        assert ColorJitter(hue=0.9).hue == (-0.5, 0.5)
        assert ColorJitter(brightness=0).brightness is None
