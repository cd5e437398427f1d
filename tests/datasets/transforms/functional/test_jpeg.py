"""Tests of :mod:`mmpretrain.datasets.transforms.functional.jpeg`."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
import simplejpeg
from PIL import Image

from mmpretrain.datasets.transforms.functional import jpeg
from mmpretrain.errors import DataError
from tests.datasets.transforms.image_cases import RGB, encoded, jpg


def test_jpeg_equals_opencv_and_pillow(load):
    data = jpg()
    assert np.array_equal(load(data), cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(load(data, imdecode_backend="pillow"), np.asarray(image)[..., ::-1])
    assert np.array_equal(load(data, imdecode_backend="turbojpeg"), load(data, imdecode_backend="exact"))
    assert load(data, to_float32=True).dtype == np.float32
    grey = load(data, color_type="grayscale")
    assert grey.shape == (24, 32)
    assert np.array_equal(grey, cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE))


def test_turbojpeg_says_that_it_reads_nothing_else(load):
    with pytest.raises(DataError, match="imdecode_backend='turbojpeg' reads JPEG only"):
        load(encoded(RGB, "PNG"), imdecode_backend="turbojpeg")


@pytest.mark.parametrize("backend", ["cv2", "pillow"])
def test_exif_orientation_is_applied(load, backend):
    exif = Image.Exif()
    exif[0x0112] = 6
    data = jpg(exif=exif)
    assert jpeg.read_header(data).orientation == 6
    upright = load(data, imdecode_backend=backend)
    assert upright.shape == (32, 24, 3)
    assert np.array_equal(upright, load(jpg(), imdecode_backend=backend).swapaxes(0, 1)[:, ::-1])
    ignored = load(data, imdecode_backend=backend, color_type="color_ignore_orientation")
    assert np.array_equal(ignored, load(jpg(), imdecode_backend=backend))


def test_header_of_what_is_no_sound_jpeg():
    assert jpeg.read_header(b"\xff\xd8\xff") is None
    assert jpeg.read_header(b"\xff\xd8\xff\xe0\x00\x10JFIF") is None
    assert jpeg.read_header(encoded(RGB, "PNG")) is None
    header = jpeg.read_header(jpg(progressive=True))
    assert (header.height, header.width, header.baseline) == (24, 32, False)
    broken = Image.Exif()
    broken[0x010E] = "no orientation"
    assert jpeg.read_header(jpg(exif=broken)).orientation == 1


@pytest.mark.parametrize("subsampling", ["444", "422", "420", "440", "411", "Gray"])
@pytest.mark.parametrize("rows", [1, 8, 9, 33, 64, 100])
def test_the_first_rows_are_those_of_a_full_decode(subsampling, rows):
    img = np.ascontiguousarray(np.kron(RGB, np.ones((5, 5, 1), np.uint8)))
    if subsampling == "Gray":
        data = simplejpeg.encode_jpeg(np.ascontiguousarray(img[..., :1]), 90, "GRAY")
    else:
        data = simplejpeg.encode_jpeg(img, 90, "RGB", subsampling)
    header = jpeg.read_header(data)
    full = jpeg.decode(data, header)
    part = jpeg.decode(data, header, rows=rows)
    assert np.array_equal(part[:rows], full[:rows])
    if rows < 60:
        assert len(part) < len(full)


def test_reduction():
    assert jpeg.reduction(375, 500, 224, 224) == 1
    assert jpeg.reduction(896, 2000, 224, 224) == 2
    assert jpeg.reduction(3000, 4000, 256, 341) == 8
    assert jpeg.reduction(1500, 2000, 224, 224) == 4
    assert jpeg.reduction(9000, 9000, 224, 224) == 8
