"""The pictures of samples."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.analysis.pictures import Look, draw, label_of
from mmpretrain.analysis.samples import Sample, Step
from mmpretrain.structures import DataSample

RED = np.full((200, 300, 3), (255, 0, 0), np.uint8)
GREEN = np.full((200, 200, 3), (0, 255, 0), np.uint8)


def sample(label=None):
    packed = None if label is None else DataSample().set_gt_label(label)
    return Sample(0, "a.png", (Step("original", (RED,)), Step("Crop", (GREEN, GREEN))), packed)


@pytest.mark.parametrize(
    ("mode", "red", "green"),
    [("original", 1, 0), ("transformed", 0, 2), ("concat", 1, 2), ("pipeline", 1, 2)],
)
def test_modes(mode, red, green):
    picture = draw(sample(), Look(mode))
    assert (picture == (255, 0, 0)).all(2).sum() == red * 60_000
    assert (picture == (0, 255, 0)).all(2).sum() == green * 40_000


def test_sizes_and_colours():
    assert draw(sample(), Look("original", largest=150)).shape == (100, 150, 3)
    assert draw(sample(), Look("original", smallest=390)).shape == (400, 600, 3)
    assert draw(sample(), Look("original", factor=0.5)).shape == (100, 150, 3)
    assert draw(sample(), Look("original", rgb=True))[0, 0].tolist() == [0, 0, 255]


def test_labels():
    assert label_of(sample(1), ["cat", "dog"]) == "dog"
    assert label_of(sample([0, 1]), None) == "0, 1"
    assert label_of(sample(), None) == ""
    assert draw(sample(1), Look("original"), ["cat", "dog"]).shape == (320, 480, 3)
