"""Tests of :mod:`mmpretrain.datasets.transforms.crop`."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmpretrain.datasets.transforms import (
    RandomCrop,
    RandomResizedCrop,
)
from tests.datasets.transforms.wrapper_cases import image


def test_crop_areas_and_ratios_are_uniform():
    crop = RandomResizedCrop(8)
    boxes = np.array([crop.rand_crop_params(np.empty((1000, 1000))) for _ in range(4000)])
    areas = boxes[:, 2] * boxes[:, 3] / 1e6
    assert areas.min() == pytest.approx(0.08, abs=0.01)
    # Uniform, but for large boxes of an extreme shape: they do not fit into a square and are drawn again.
    area = np.linspace(0.08, 1, 1000)
    fits = np.minimum(-np.log(area) / math.log(4 / 3), 1)
    assert areas.mean() == pytest.approx((area * fits).sum() / fits.sum(), abs=0.02)
    ratios = np.log(boxes[:, 3] / boxes[:, 2])
    assert np.abs(ratios).max() == pytest.approx(math.log(4 / 3), abs=0.01)
    assert abs(ratios.mean()) < 0.02
    assert ratios[areas < 0.5].std() == pytest.approx(2 * math.log(4 / 3) / math.sqrt(12), rel=0.06)
    free = 1000 - boxes[:, 2]
    places = boxes[:, 0][free > 50] / free[free > 50]
    assert places.mean() == pytest.approx(0.5, abs=0.03)


def test_padding_mode_counts_for_explicit_padding():
    """The original pads with a constant, whatever the mode."""
    np.random.seed(0)
    crop = RandomCrop((40, 48), padding=4, padding_mode="edge")(dict(img=image()))["img"]
    assert np.array_equal(crop[0, 4:-4], image()[0])
    sides = RandomCrop((36, 40), padding=(0, 2), pad_val=(9, 9, 9))(dict(img=image()))["img"]
    assert (sides[:2] == 9).all()
    assert (sides[-2:] == 9).all()
