"""Tests of :mod:`mmpretrain.datasets.transforms.flip`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.datasets.transforms import (
    RandomFlip,
)


@pytest.mark.parametrize(
    ("prob", "direction", "expected"),
    [
        (0.3, "horizontal", {"horizontal": 0.3, None: 0.7}),
        (0.6, ["horizontal", "vertical"], {"horizontal": 0.3, "vertical": 0.3, None: 0.4}),
        ([0.1, 0.5], ["vertical", "diagonal"], {"vertical": 0.1, "diagonal": 0.5, None: 0.4}),
        (1, "vertical", {"vertical": 1.0}),
    ],
)
def test_flip_rates(prob, direction, expected):
    flip = RandomFlip(prob, direction)
    drawn = [flip._choose_direction() for _ in range(4000)]
    assert set(drawn) == set(expected)
    for choice, rate in expected.items():
        assert drawn.count(choice) / 4000 == pytest.approx(rate, abs=0.04)


def test_flip_draws_as_numpy_choice():
    flip = RandomFlip([0.2, 0.3], ["horizontal", "vertical"])
    np.random.seed(1)
    ours = [flip._choose_direction() for _ in range(200)]
    np.random.seed(1)
    theirs = [np.random.choice(["horizontal", "vertical", None], p=[0.2, 0.3, 0.5]) for _ in range(200)]
    assert ours == theirs
