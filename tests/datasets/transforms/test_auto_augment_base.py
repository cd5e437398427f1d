"""Tests of :mod:`mmpretrain.datasets.transforms.auto_augment_base`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.datasets.transforms import (
    Rotate,
)


def levels(**kwargs):
    rotate = Rotate(magnitude_range=(0, 30), total_level=10, prob=1.0, **kwargs)
    return np.array([rotate.random_magnitude() for _ in range(4000)])


def test_magnitudes():
    assert (levels(magnitude_level=9) == 27).all()
    noisy = levels(magnitude_level=5, magnitude_std=0.5)
    assert noisy.mean() == pytest.approx(15, abs=0.12)
    assert noisy.std() == pytest.approx(1.5, rel=0.06)
    assert levels(magnitude_level=9, magnitude_std=5).max() == 30
    uniform = levels(magnitude_level=8, magnitude_std="inf")
    assert uniform.min() < 0.1
    assert 23.9 < uniform.max() <= 24
    assert uniform.mean() == pytest.approx(12, abs=0.6)
    assert (levels(magnitude_level=3, random_negative_prob=0.2) == 9).all()


def test_signs_and_probabilities():
    rotate = Rotate(angle=10.0, prob=0.3, random_negative_prob=0.2)
    assert np.mean([rotate.random_disable() for _ in range(4000)]) == pytest.approx(0.7, abs=0.04)
    assert np.mean([rotate.random_negative(1) < 0 for _ in range(4000)]) == pytest.approx(0.2, abs=0.04)
