"""Tests of :mod:`mmpretrain.datasets.transforms.functional.color`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.datasets.transforms.functional import color

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (5, 7, 3), np.uint8)
GREY = IMAGE[..., 0].copy()


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (color.iminvert, 255 - IMAGE),
        (lambda img: color.solarize(img, 100), np.where(IMAGE < 100, IMAGE, 255 - IMAGE)),
        (lambda img: color.posterize(img, 3), IMAGE & 0b11100000),
        (lambda img: color.adjust_brightness(img, 0.0), np.zeros_like(IMAGE)),
        (lambda img: color.adjust_brightness(img, 1.0), IMAGE),
        (lambda img: color.adjust_contrast(img, 1.0), IMAGE),
    ],
)
def test_values(function, expected):
    assert np.abs(function(IMAGE.copy()).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("thr", [-3, 0, 0.5, 1, 100.5, 127.999, 255, 255.5, 256, 300])
@pytest.mark.parametrize("img", [IMAGE, GREY, GREY[..., None]], ids=["color", "grey", "one channel"])
def test_solarize_at_any_threshold(img, thr):
    assert np.array_equal(color.solarize(img, thr), np.where(img < thr, img, 255 - img))


def test_stretching_of_what_uses_the_whole_range_is_a_copy():
    full = IMAGE.copy()
    full[0, 0], full[0, 1] = 0, 255
    stretched = color.auto_contrast(full)
    assert np.array_equal(stretched, full)
    assert stretched is not full


def test_hue_turns_around_the_circle():
    red = np.full((1, 1, 3), (0, 0, 255), np.uint8)
    assert color.adjust_hue(red, 1 / 3)[0, 0].argmax() == 1  # green
    assert color.adjust_hue(red, -1 / 3)[0, 0].argmax() == 0  # blue
    assert np.array_equal(color.adjust_hue(red, 0.0), red)


def test_contrast_zero_is_one_grey_level():
    assert len(np.unique(color.adjust_contrast(IMAGE, 0.0))) == 1


def test_saturation_zero_is_grey():
    faded = color.adjust_color(IMAGE, 0.0)
    assert np.array_equal(faded[..., 0], faded[..., 2])
    assert np.array_equal(color.adjust_color(GREY, 0.3), GREY)  # nothing to fade


def test_stretching_uses_the_whole_range():
    narrow = (IMAGE // 4 + 50).astype(np.uint8)
    stretched = color.auto_contrast(narrow)
    assert stretched.min(axis=(0, 1)).tolist() == [0, 0, 0]
    assert stretched.max(axis=(0, 1)).tolist() == [255, 255, 255]


def test_normalisation_can_be_undone():
    mean, std = [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]
    normal = color.imnormalize(IMAGE, mean, std, to_rgb=True)
    torch_like = (IMAGE[..., ::-1].astype(np.float32) - mean) / std
    assert np.allclose(normal, torch_like, atol=1e-5)
    assert np.allclose(color.imdenormalize(normal, mean, std, to_bgr=True), IMAGE, atol=1e-3)


def test_alpha_stays_as_it_is():
    with_alpha = np.dstack([IMAGE, GREY])
    changed = color.adjust_hue(with_alpha, 0.25)
    assert np.array_equal(changed[..., 3], GREY)
    assert not np.array_equal(changed[..., :3], IMAGE)
