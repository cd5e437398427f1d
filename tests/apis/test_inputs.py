"""What an inferencer takes, and what it says about the rest."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmpretrain.apis.inputs import as_bgr, is_single
from mmpretrain.errors import DataError

RGB = np.random.RandomState(0).randint(0, 256, (6, 8, 3), dtype=np.uint8)
BGR = RGB[..., ::-1]


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


TAKEN = {
    "array": BGR,
    "alpha": np.dstack([BGR, np.zeros((6, 8), np.uint8)]),
    "pillow": Image.fromarray(RGB),
    "pillow alpha": Image.fromarray(RGB).convert("RGBA"),
    "bytes": encoded(Image.fromarray(RGB)),
    "bytearray": bytearray(encoded(Image.fromarray(RGB))),
    "memoryview": memoryview(encoded(Image.fromarray(RGB))),
}
GREY = {
    "array": RGB[..., 0],
    "axis": RGB[..., :1],
    "pillow": Image.fromarray(RGB[..., 0]),
    "16 bits": Image.fromarray(RGB[..., 0].astype(np.uint16) * 256),
}
REFUSED = {
    "tensor": (torch.zeros(3, 6, 8), "a Tensor of shape (3, 6, 8) is no image"),
    "none": (None, "a NoneType is no image"),
    "number": (3, "a int is no image"),
    "dict": ({"img": 1}, "a dict is no image"),
    "channels first": (np.zeros((3, 6, 8), np.uint8), "shape (3, 6, 8) is no image. Channels come last."),
    "five channels": (np.zeros((6, 8, 5), np.uint8), "shape (6, 8, 5) is no image"),
    "empty": (np.zeros((0, 8, 3), np.uint8), "shape (0, 8, 3) is no image"),
    "floats": (
        np.zeros((6, 8, 3), np.float32),
        "pixels are uint8 from 0 to 255, and not float32 from 0.0 to 0.0",
    ),
    "16 bits": (np.zeros((6, 8), np.uint16), "and not uint16"),
    "other bytes": (b"<html>", "6 bytes are no image file that can be read"),
    "cut": (encoded(Image.fromarray(RGB), "JPEG")[:-40], "bytes are no image file"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_colour_images(name):
    assert (as_bgr(TAKEN[name]) == BGR).all()


@pytest.mark.parametrize("name", GREY)
def test_grey_images(name):
    assert (as_bgr(GREY[name]) == RGB[..., 0]).all()


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_image(name):
    value, says = REFUSED[name]
    with pytest.raises(DataError) as caught:
        as_bgr(value, 4)
    assert str(caught.value).startswith("input 4: ")
    assert says in str(caught.value)


def test_one_image_or_several():
    single = [BGR, "a.jpg", Path("a.jpg"), Image.fromarray(RGB), b"", None, 3]
    assert all(map(is_single, single))
    assert not any(map(is_single, [[BGR], (BGR,), np.zeros((2, 6, 8, 3)), iter(["a.jpg"])]))
