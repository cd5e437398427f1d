"""Tests of :mod:`mmpretrain.datasets.transforms.flip`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.datasets.transforms import Compose, PackInputs, RandomFlip


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


@pytest.mark.parametrize("direction", ["horizontal", "vertical", "diagonal"])
@pytest.mark.parametrize("shape", [(224, 224, 3), (5, 7, 3), (1, 1, 3), (31, 64, 1), (6, 9), (8, 5, 13)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_flip_that_packing_does_in_passing(direction, shape, dtype):
    img = np.random.RandomState(0).randint(0, 256, (shape[0] + 3, *shape[1:])).astype(dtype)[2:-1]
    before = img.copy()
    flip, pack = RandomFlip(1.0, direction), PackInputs()
    apart = pack(flip({"img": img}))
    together = Compose([flip, pack])({"img": img})
    assert together["inputs"].is_contiguous()
    assert np.array_equal(together["inputs"].numpy(), apart["inputs"].numpy())
    axes = {"horizontal": (1,), "vertical": (0,), "diagonal": (0, 1)}[direction]
    expected = np.flip(before, axes)
    expected = expected.transpose(2, 0, 1) if expected.ndim == 3 else expected[None]
    assert np.array_equal(together["inputs"].numpy(), expected)
    assert np.array_equal(img, before)
    assert together["data_samples"].flip_direction == direction


def test_a_flip_before_a_packing_of_ones_own_moves_the_pixels():
    class Mine(PackInputs):
        @staticmethod
        def format_input(input_):
            assert input_.strides[1] > 0
            return PackInputs.format_input(input_)

    img = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    kept = Compose([RandomFlip(1.0), PackInputs(algorithm_keys=["img"])])({"img": img})["data_samples"].img
    assert np.array_equal(kept, img[:, ::-1])
    assert kept.strides[1] > 0
    packed = Compose([RandomFlip(1.0), Mine()])({"img": img})
    assert np.array_equal(packed["inputs"].numpy(), img[:, ::-1].transpose(2, 0, 1))
