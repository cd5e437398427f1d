"""What an inferencer takes, and what it says about the rest."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmpretrain.apis.inputs import as_bgr, as_images, is_single
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
    "pillow palette": Image.fromarray(RGB).convert("P", palette=Image.Palette.ADAPTIVE, colors=256),
    "pillow cmyk": Image.fromarray(RGB).convert("CMYK"),
    "tensor": torch.from_numpy(RGB.transpose(2, 0, 1).copy()),
    "tensor alpha": torch.from_numpy(np.dstack([RGB, RGB[..., :1]]).transpose(2, 0, 1).copy()),
    "tensor of floats": torch.from_numpy(RGB.transpose(2, 0, 1).astype(np.float32) / 255),
    "tensor of halves": torch.from_numpy(RGB.transpose(2, 0, 1).astype(np.float32) / 255).half(),
    "floats": BGR.astype(np.float32),
    "floats in between": BGR.clip(1, 254) + np.float64(0.3),
    "integers": BGR.astype(np.int64),
}
#: What is no longer exactly the same after encoding or rounding.
NEARLY = {"floats in between": 1, "tensor of halves": 0}
GREY = {
    "array": RGB[..., 0],
    "axis": RGB[..., :1],
    "pillow": Image.fromarray(RGB[..., 0]),
    "16 bits": Image.fromarray(RGB[..., 0].astype(np.uint16) * 256),
    "tensor": torch.from_numpy(RGB[..., 0].copy()),
    "tensor with an axis": torch.from_numpy(RGB[..., 0].copy())[None],
    "pillow of floats": Image.fromarray(RGB[..., 0].astype(np.float32)),
}
REFUSED = {
    "channels last": (torch.zeros(6, 8, 3), "tensor of shape (6, 8, 3) is no image. Channels come first."),
    "batch of tensors": (torch.zeros(2, 3, 6, 8), "tensor of shape (2, 3, 6, 8) is no image"),
    "normalised tensor": (torch.full((3, 6, 8), -1.0), "a tensor of floats goes from 0 to 1"),
    "bright tensor": (torch.full((3, 6, 8), 255.0), "not from 255.0 to 255.0"),
    "tensor with NaN": (torch.full((3, 6, 8), torch.nan), "a tensor of floats goes from 0 to 1"),
    "none": (None, "a NoneType is no image"),
    "number": (3, "a int is no image"),
    "dict": ({"img": 1}, "a dict is no image"),
    "channels first": (np.zeros((3, 6, 8), np.uint8), "shape (3, 6, 8) is no image. Channels come last."),
    "five channels": (np.zeros((6, 8, 5), np.uint8), "shape (6, 8, 5) is no image"),
    "empty": (np.zeros((0, 8, 3), np.uint8), "shape (0, 8, 3) is no image"),
    "dark floats": (
        np.zeros((6, 8, 3), np.float32),
        "not as float32 from 0.0 to 0.0. For values from 0 to 1",
    ),
    "floats to 1": (BGR / 255, "For values from 0 to 1: (255 * image)"),
    "normalised": (BGR / 50 - 2.5, "Undo the normalisation"),
    "floats with NaN": (np.full((6, 8, 3), np.nan), "Remove what is NaN"),
    "16 bits": (np.full((6, 8), 900, np.uint16), "and not as uint16 from 900 to 900. For 16 bits"),
    "truth": (np.zeros((6, 8), bool), "not as bool"),
    "complex": (np.zeros((6, 8), complex), "an array of complex128 is no image"),
    "empty pillow": (Image.new("RGB", (0, 5)), "an image of 0 x 5 is empty"),
    "other bytes": (b"<html>", "6 bytes are no image file that can be read"),
    "cut": (encoded(Image.fromarray(RGB), "JPEG")[:-40], "bytes are no image file"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_colour_images(name):
    found = as_bgr(TAKEN[name])
    assert found.shape == BGR.shape
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - BGR).max() <= NEARLY.get(name, 0)


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


def test_one_image_or_several(tmp_path):
    single = [BGR, "a.jpg", Path("a.jpg"), Image.fromarray(RGB), b"", None, 3]
    assert all(map(is_single, single))
    assert not any(map(is_single, [[BGR], (BGR,), np.zeros((2, 6, 8, 3)), iter(["a.jpg"])]))
    assert not is_single(tmp_path)
    assert not is_single(torch.zeros(2, 3, 6, 8))
    assert is_single(torch.zeros(3, 6, 8))


def test_images_of_a_folder(tmp_path):
    for name in ("b.png", "a/c.JPG", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert list(as_images(tmp_path)) == [str(tmp_path / "a/c.JPG"), str(tmp_path / "b.png")]
    (tmp_path / "none").mkdir()
    (tmp_path / "a" / "d.npy").write_bytes(b"")
    assert len(list(as_images(tmp_path))) == 2, "beside images, an array may be anything"
    (tmp_path / "a" / "c.JPG").unlink()
    assert list(as_images(tmp_path / "a")) == [str(tmp_path / "a" / "d.npy")]
    with pytest.raises(DataError, match="holds no images"):
        as_images(tmp_path / "none")


def test_a_folder_has_the_images_that_finetune_reads(tmp_path):
    from mmpretrain.datasets.labelled_table import SUFFIXES

    for suffix in SUFFIXES:
        (tmp_path / f"image{suffix}").touch()
    assert len(as_images(tmp_path)) == len(SUFFIXES)
