"""Tests of :mod:`mmpretrain.datasets.transforms.erasing`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.datasets.transforms import (
    RandomErasing,
)


def test_erasing():
    erase = RandomErasing(erase_prob=0.4, fill_color=300 / 2)
    counts, areas = 0, []
    for _ in range(2000):
        img = np.zeros((50, 50, 3), np.uint8)
        erased = (erase(dict(img=img))["img"] == 150).all(-1)
        counts += erased.any()
        areas += [erased.mean()] if erased.any() else []
    assert counts / 2000 == pytest.approx(0.4, abs=0.06)
    assert min(areas) > 0.015
    assert max(areas) < 0.42
    assert np.mean(areas) == pytest.approx(0.21, abs=0.03)
