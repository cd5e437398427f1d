"""Tests of :mod:`mmpretrain.utils.pictures`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.utils.pictures import to_picture

RAMP = np.arange(101).reshape(1, 101)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 2), (4, 5, 3), (4, 5, 4), (4, 5, 13)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "bool"])
def test_any_image(shape, dtype):
    image = (np.random.RandomState(0).rand(*shape) * 200).astype(dtype)
    picture = to_picture(image)
    assert picture.shape == (4, 5, 3)
    assert picture.dtype == np.uint8


def test_channels():
    image = np.arange(13, dtype=np.uint8).reshape(1, 1, 13)
    shown = {count: to_picture(image[..., :count])[0, 0].tolist() for count in (1, 2, 3, 4, 13)}
    assert shown == {1: [0, 0, 0], 2: [0, 0, 0], 3: [2, 1, 0], 4: [2, 1, 0], 13: [0, 1, 2]}


def test_numbers():
    """Percentiles 1 and 99 become black and white; floats from 0 to 255 are pixels."""
    shown = to_picture((RAMP * 600).astype(np.uint16))[0, :, 0]
    assert shown[[0, 1, 99, 100]].tolist() == [0, 0, 255, 255]
    assert shown[50] == 128
    assert (to_picture(RAMP.astype(np.float32))[0, :, 0] == RAMP).all()
    assert to_picture(RAMP / 100)[0, 50, 0] == 128
    assert (to_picture(np.full((2, 2), 7000, np.uint16)) == 0).all()
    odd = to_picture(np.array([[np.nan, np.inf, -np.inf, 5.0, 1000.0]]))[0, :, 0]
    assert odd[[0, 1, 2]].tolist() == [0, 255, 0]
    assert (to_picture(np.full((2, 2), np.nan)) == 0).all()
    with pytest.raises(ValueError, match="no image"):
        to_picture(np.zeros((2, 2, 2, 2)))
