"""Tests of :mod:`mmpretrain.datasets.transforms.functional.png`."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from mmpretrain.datasets.transforms.functional.png import SIGNATURE, check_chunks
from mmpretrain.errors import DataError


def png():
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((9, 7, 3), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_whole_file_passes():
    check_chunks(png())
    check_chunks(png() + b"what comes after the end does not matter")


@pytest.mark.parametrize("left", [42, 45, -20])
def test_a_file_that_is_cut_off(left):
    with pytest.raises(DataError, match=r"x\.png.*cut off or damaged"):
        check_chunks(png()[:left], "x.png")


def test_a_part_that_claims_more_than_there_is():
    data = SIGNATURE + (2**31 - 1).to_bytes(4, "big") + b"IDAT" + b"12345"
    with pytest.raises(DataError, match=r"part b'IDAT' claims 2,147,483,647 bytes of 5"):
        check_chunks(data)
