"""Tests of :mod:`mmpretrain.datasets.transforms.letterbox`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.datasets.transforms import Compose
from mmpretrain.errors import ConfigError


def run(img, **options):
    return Compose(dict(type="Letterbox", **options))(dict(img=img))


@pytest.mark.parametrize("shape", [(20, 40), (20, 40, 1), (20, 40, 3), (20, 40, 13)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_wide_images_have_bars_above_and_below(shape, dtype):
    results = run(np.full(shape, 9, dtype), scale=(20, 16), pad_val=5)
    img = results["img"]
    assert img.shape[:2] == results["img_shape"] == (16, 20)
    assert img.dtype == dtype
    assert (img[3:13] == 9).all()
    assert (img[:3] == 5).all()
    assert (img[13:] == 5).all()
    assert results["scale_factor"] == (0.5, 0.5)


def test_high_images_and_the_corner():
    img = run(np.full((40, 10, 3), 9, np.uint8), scale=20, pad_val=(1, 2, 3), center=False)["img"]
    assert (img[:, :5] == 9).all()
    assert (img[:, 5:] == (1, 2, 3)).all()


def test_small_images():
    img = np.full((4, 6), 9, np.uint8)
    assert (run(img, scale=(12, 8))["img"] == 9).all()
    kept = run(img, scale=(12, 8), enlarge=False)["img"]
    assert (kept == 9).sum() == 24
    assert (kept[2:6, 3:9] == 9).all()
    assert run(np.zeros((1, 1000), np.uint8), scale=10)["img"].shape == (10, 10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(scale=0), "scale must be one positive number or two"),
        (dict(scale=(3.5, 4)), "scale must be whole numbers"),
        (dict(scale=8, interpolation="best"), "interpolation"),
    ],
)
def test_wrong_settings(options, message):
    with pytest.raises(ConfigError, match=message):
        Compose(dict(type="Letterbox", **options))
