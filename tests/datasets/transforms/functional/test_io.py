"""Tests of :mod:`mmpretrain.datasets.transforms.functional.io`."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmpretrain.datasets.transforms import Compose
from mmpretrain.datasets.transforms.functional import imread
from mmpretrain.datasets.transforms.functional.io import CV2_FLAGS, imfrombytes
from mmpretrain.errors import ConfigError, DataError
from tests.datasets.transforms.damage_cases import DAMAGED, GOOD, encode, picture
from tests.datasets.transforms.image_cases import RGB, encoded, jpg
from tests.datasets.transforms.odd_cases import _jpeg

FLAGS = ("color", "grayscale", "unchanged")

ODD = {
    "bytes before the end": GOOD[:-2] + bytes(50) + GOOD[-2:],
    "bytes after the end": GOOD + b"garbage",
    "progressive": encode(picture(), progressive=True),
    "grey": encode(picture()[..., 0]),
}


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_an_error(name, flag):
    with pytest.raises(DataError, match=r"^a.jpg: The JPEG is damaged: .*premature end"):
        imfrombytes(DAMAGED[name], flag, where="a.jpg")


@pytest.mark.parametrize("backend", ["pillow", "turbojpeg"])
def test_other_decoders(backend):
    with pytest.raises(DataError, match="damaged"):
        imfrombytes(DAMAGED["cut, with an end"], backend=backend)


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("name", ODD)
def test_what_only_looks_odd_has_the_pixels_of_opencv(name, flag):
    expected = cv2.imdecode(np.frombuffer(ODD[name], np.uint8), CV2_FLAGS[flag])
    assert (imfrombytes(ODD[name], flag) == expected).all()


@pytest.mark.parametrize("flag", CV2_FLAGS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_that_of_opencv(orientation, flag):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(picture(40, 60), exif=exif)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), CV2_FLAGS[flag])
    found = imfrombytes(data, flag)
    assert found.shape == expected.shape
    assert (found == expected).all()


def test_flat_images_are_no_damage(tmp_path):
    for value in (0, 128, 255):
        (tmp_path / "a.jpg").write_bytes(encode(np.full((300, 400, 3), value, np.uint8)))
        pipeline = Compose([dict(type="LoadImageFromFile"), dict(type="CenterCrop", crop_size=100)])
        assert pipeline({"img_path": str(tmp_path / "a.jpg")})["img"].shape == (100, 100, 3)
        imfrombytes((tmp_path / "a.jpg").read_bytes(), backend="pillow")


BGR = RGB[..., ::-1]

#: Formats and the colours that come out, up to the loss of the format.
FORMATS = {
    "progressive jpeg": (jpg(progressive=True), "whole"),
    "subsampled jpeg": (jpg(subsampling=2), "whole"),
    "webp": (encoded(RGB, "WEBP", lossless=True), "same"),
    "png": (encoded(RGB, "PNG"), "same"),
    "bmp": (encoded(RGB, "BMP"), "same"),
    "alpha png": (encoded(np.dstack([RGB, np.full((24, 32), 9, np.uint8)]), "PNG"), "same"),
    "palette png": (encoded(Image.fromarray(RGB).quantize(4), "PNG"), "whole"),
    "grey png": (encoded(RGB[..., 0], "PNG"), "grey"),
    "grey jpeg": (encoded(RGB[..., 0], "JPEG", quality=95), "grey"),
    "16-bit png": (encoded(Image.fromarray(RGB[..., 0].astype(np.uint16) << 8), "PNG"), "grey"),
    "cmyk jpeg": (encoded(Image.fromarray(RGB).convert("CMYK"), "JPEG", quality=95), "whole"),
    "animated gif": (
        encoded(
            Image.fromarray(RGB).quantize(8), "GIF", save_all=True, append_images=[Image.fromarray(255 - RGB)]
        ),
        "whole",
    ),
}  # fmt: skip


@pytest.mark.parametrize("backend", ["cv2", "pillow"])
@pytest.mark.parametrize("name", FORMATS)
def test_formats_come_out_as_8_bit_bgr(load, name, backend):
    data, quality = FORMATS[name]
    img = load(data, imdecode_backend=backend)
    assert img.shape == (24, 32, 3)
    assert img.dtype == np.uint8
    if quality == "same":
        assert np.array_equal(img, BGR)
    elif quality == "grey":
        assert np.abs(img - RGB[..., :1].astype(int)).mean() < 6
    else:  # the flat middle
        assert np.abs(img[8:16, 10:22] - BGR[8:16, 10:22].astype(int)).mean() < 12


def test_the_pixel_limit_can_be_moved(tmp_path, monkeypatch):
    path = tmp_path / "x.png"
    path.write_bytes(encoded(RGB, "PNG"))
    monkeypatch.setenv("MMPRETRAIN_MAX_PIXELS", "700")
    with pytest.raises(DataError, match="MMPRETRAIN_MAX_PIXELS"):
        imread(path)


def test_channel_order_and_unchanged():
    data = encoded(RGB, "PNG")
    for backend in ("cv2", "pillow"):
        assert np.array_equal(imfrombytes(data, channel_order="rgb", backend=backend), RGB)
        assert np.array_equal(imfrombytes(data, "unchanged", backend=backend), BGR)
    deep = encoded(Image.fromarray(RGB[..., 0].astype(np.uint16) << 8), "PNG")
    assert imfrombytes(deep, "unchanged").dtype == np.uint16
    alpha = encoded(np.dstack([RGB, RGB[..., :1]]), "PNG")
    assert imfrombytes(alpha, "unchanged").shape == (24, 32, 4)
    assert np.array_equal(imfrombytes(alpha, "unchanged", backend="pillow")[..., :3], BGR)
    grey_alpha = encoded(np.dstack([RGB[..., 0], np.zeros((24, 32), np.uint8)]), "PNG")
    # Transparent grey shows the mean colour of ImageNet behind it.
    assert imfrombytes(grey_alpha, backend="pillow")[0, 0].tolist() == [104, 117, 124]


def test_the_limit_is_a_number(monkeypatch):
    monkeypatch.setenv("MMPRETRAIN_MAX_PIXELS", "abc")
    with pytest.raises(ConfigError, match="MMPRETRAIN_MAX_PIXELS must be a number of pixels, got 'abc'"):
        imfrombytes(_jpeg(40, 30))


def test_one_bit_is_black_and_white():
    """With every backend: booleans are no pixels to transforms."""
    bits = np.array([[True, False, True]])
    file = io.BytesIO()
    Image.fromarray(bits).save(file, "PNG")
    for backend in ("cv2", "pillow"):
        img = imfrombytes(file.getvalue(), "unchanged", backend=backend)
        assert img.dtype == np.uint8
        assert img.tolist() == [[255, 0, 255]]
