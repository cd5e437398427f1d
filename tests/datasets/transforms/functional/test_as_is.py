"""Telling pictures of 8 bits from files that hold other numbers, and reading those."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from mmpretrain.datasets.transforms.functional import as_is
from mmpretrain.datasets.transforms.functional.as_is import Numbers, is_measured, read_as_is
from mmpretrain.errors import DataError

random = np.random.RandomState(0)


def encoded(suffix: str, image: np.ndarray) -> bytes:
    return cv2.imencode(suffix, image)[1].tobytes()


def tiff(image: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, image, **options)
    return file.getvalue()


def array(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, image)
    return file.getvalue()


def saved(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


GREY, COLOUR = (random.randint(0, 255, shape).astype(np.uint8) for shape in ((20, 30), (20, 30, 3)))
BANDS = random.randint(0, 9000, (20, 30, 13)).astype(np.uint16)
PLAIN = {"photometric": "minisblack", "planarconfig": "contig"}


@pytest.mark.parametrize(
    "data",
    [
        encoded(".png", GREY), encoded(".png", COLOUR), encoded(".jpg", COLOUR), encoded(".webp", COLOUR),
        encoded(".bmp", COLOUR), encoded(".pgm", GREY), tiff(GREY), tiff(COLOUR, photometric="rgb"),
        saved(Image.fromarray(COLOUR).convert("P"), "TIFF"),
        saved(Image.fromarray(GREY).convert("1"), "TIFF"),
        saved(Image.fromarray(COLOUR).convert("CMYK"), "TIFF"), b"", b"no image",
    ],
)  # fmt: skip
def test_pictures(data: bytes) -> None:
    assert not is_measured(data)


@pytest.mark.parametrize(
    ("data", "expected", "values"),
    [
        (encoded(".png", BANDS[..., 0]), Numbers(1, "uint16", "cv2"), BANDS[..., 0]),
        (encoded(".png", BANDS[..., :3]), Numbers(3, "uint16", "cv2"), BANDS[..., :3]),
        (encoded(".pgm", BANDS[..., 0]), Numbers(1, "uint16", "cv2"), BANDS[..., 0]),
        (tiff(BANDS, **PLAIN), Numbers(13, "uint16", "tifffile"), BANDS),
        (tiff(BANDS[..., :4], **PLAIN), Numbers(4, "uint16", "tifffile"), BANDS[..., :4]),
        (tiff(BANDS.transpose(2, 0, 1), photometric="minisblack"), Numbers(13, "uint16", "tifffile"), BANDS),
        (tiff(BANDS[..., 0].astype("f4")), Numbers(1, "float32", "tifffile"), BANDS[..., 0]),
        (tiff(BANDS.astype("u1"), **PLAIN), Numbers(13, "uint8", "tifffile"), BANDS.astype("u1")),
        (array(BANDS.astype("f4") / 9000), Numbers(13, "float32", "array"), BANDS.astype("f4") / 9000),
        (array(COLOUR), Numbers(3, "uint8", "array"), COLOUR),
    ],
)
def test_other_numbers(data: bytes, expected: Numbers, values: np.ndarray) -> None:
    assert is_measured(data)
    image, numbers = read_as_is(data)
    assert numbers == expected
    np.testing.assert_array_equal(image, values)


def test_as_pictures() -> None:
    assert Numbers(1, "uint16", "cv2").as_picture
    assert Numbers(3, "uint8", "array").as_picture
    assert not Numbers(1, "uint16", "array").as_picture
    assert not Numbers(13, "uint8", "tifffile").as_picture
    assert str(Numbers(13, "uint16", "tifffile")) == "13 channels of uint16"


def test_opencv_reads_what_tifffile_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(data: bytes, flag: str, backend: str = "cv2", where: str | None = None) -> np.ndarray:
        if backend == "tifffile":
            raise DataError("it needs another library")
        return real(data, flag, backend=backend, where=where)

    real = as_is.imfrombytes
    monkeypatch.setattr(as_is, "imfrombytes", refuse)
    image, numbers = read_as_is(tiff(BANDS[..., 0]))
    assert numbers.reader == "cv2"
    np.testing.assert_array_equal(image, BANDS[..., 0])
    planes = tiff(COLOUR.transpose(2, 0, 1), photometric="minisblack", planarconfig="separate")
    for data in (tiff(BANDS, **PLAIN), tiff(BANDS[..., :2], **PLAIN), planes):  # OpenCV gives some channels
        with pytest.raises(DataError, match="it needs another library"):
            read_as_is(data)
