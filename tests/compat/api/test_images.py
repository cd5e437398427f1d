"""Tests of :mod:`mmpretrain.compat.api.images`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.compat.api import images
from mmpretrain.errors import ConfigError

BLUE = np.full((2, 3, 3), (255, 0, 0), np.uint8)


def test_colour_spaces():
    assert images.bgr2hsv(BLUE)[0, 0].tolist() == [120, 255, 255]
    assert np.array_equal(images.hsv2bgr(images.bgr2hsv(BLUE)), BLUE)
    assert images.bgr2gray(BLUE)[0, 0] == 29
    assert images.rgb2gray(BLUE, keepdim=True).shape == (2, 3, 1)
    assert images.gray2bgr(np.zeros((2, 3, 1), np.uint8)).shape == (2, 3, 3)
    assert np.array_equal(images.imconvert(BLUE, "bgr", "rgb"), BLUE[..., ::-1])
    with pytest.raises(ConfigError, match="no conversion from 'bgr' to 'paint'"):
        images.imconvert(BLUE, "bgr", "paint")


def test_changes_in_place():
    img = np.arange(6.0, dtype=np.float32).reshape(1, 2, 3)
    assert images.imflip_(img) is img
    assert img[0, 0].tolist() == [3, 4, 5]
    images.imnormalize_(img, mean=[0, 0, 0], std=[1, 1, 2], to_rgb=True)
    assert img[0, 0].tolist() == [5, 4, 1.5]
    with pytest.raises(ConfigError, match="cannot hold the result"):
        images.imnormalize_(BLUE.copy(), [0] * 3, [1] * 3)


def test_sizes():
    assert images.impad_to_multiple(BLUE, 4, 7).shape == (4, 4, 3)
    resized, width, height = images.imresize_like(BLUE, np.zeros((4, 9, 3)), return_scale=True)
    assert (resized.shape, width, height) == ((4, 9, 3), 3.0, 2.0)


def test_a_batch_of_tensors_becomes_images():
    batch = torch.tensor([10.0, 20.0, 30.0]).view(1, 3, 1, 1)
    (image,) = images.tensor2imgs(batch, mean=[1, 1, 1], std=[2, 2, 2])
    assert image[0, 0].tolist() == [61, 41, 21]
    with pytest.raises(ValueError, match="Expected a batch"):
        images.tensor2imgs(torch.zeros(1, 2, 4, 4))


@pytest.mark.parametrize(
    ("colour", "numbers"),
    [
        ("green", (0, 255, 0)),
        (images.Color.red, (0, 0, 255)),
        (7, (7, 7, 7)),
        (np.array([1, 2, 3]), (1, 2, 3)),
    ],
)
def test_colours(colour, numbers):
    assert images.color_val(colour) == numbers


@pytest.mark.parametrize("colour", ["pink", (1, 2), (0, 0, 256)])
def test_what_is_no_colour(colour):
    with pytest.raises(ConfigError, match="colour"):
        images.color_val(colour)


def test_backends_of_mmcv_are_accepted():
    images.use_backend("turbojpeg")
    with pytest.raises(ConfigError, match="There is no backend 'gimp'"):
        images.use_backend("gimp")
