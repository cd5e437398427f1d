"""Damaged JPEGs are errors, also where a decoder would fill in grey; what only looks odd is not."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmpretrain.datasets import BaseDataset
from mmpretrain.datasets.transforms import Compose
from mmpretrain.datasets.transforms.functional.io import CV2_FLAGS, imfrombytes
from mmpretrain.errors import DataError

FLAGS = ("color", "grayscale", "unchanged")


def picture(height: int = 300, width: int = 400) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    smooth = np.stack([x * 255 // width, y * 255 // height, (x + y) % 256], axis=-1)
    return (smooth + np.random.RandomState(0).randint(-20, 20, smooth.shape)).clip(0, 255).astype(np.uint8)


def encode(image: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", **options)
    return file.getvalue()


GOOD = encode(picture())
HALF = len(GOOD) // 2
DAMAGED = {
    "cut, with an end": GOOD[:HALF] + b"\xff\xd9",
    "zeros to the end": GOOD[:HALF] + bytes(HALF) + b"\xff\xd9",
    "zeros inside": GOOD[:HALF] + bytes(200) + GOOD[HALF + 200 :],
    "grey": encode(picture()[..., 0])[:HALF] + b"\xff\xd9",
}
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


@pytest.mark.parametrize("step", [dict(type="CenterCrop", crop_size=200), dict(type="Resize", scale=64)])
def test_damage_where_only_a_part_is_decoded(step, tmp_path):
    (tmp_path / "a.jpg").write_bytes(GOOD[: len(GOOD) // 4] + b"\xff\xd9")
    pipeline = Compose([dict(type="LoadImageFromFile"), step])
    with pytest.raises(DataError, match=r"a.jpg: The JPEG is damaged"):
        pipeline({"img_path": str(tmp_path / "a.jpg")})


def test_flat_images_are_no_damage(tmp_path):
    for value in (0, 128, 255):
        (tmp_path / "a.jpg").write_bytes(encode(np.full((300, 400, 3), value, np.uint8)))
        pipeline = Compose([dict(type="LoadImageFromFile"), dict(type="CenterCrop", crop_size=100)])
        assert pipeline({"img_path": str(tmp_path / "a.jpg")})["img"].shape == (100, 100, 3)
        imfrombytes((tmp_path / "a.jpg").read_bytes(), backend="pillow")


def test_damaged_files_are_skipped(tmp_path):
    (tmp_path / "a.jpg").write_bytes(DAMAGED["cut, with an end"])

    class Records(BaseDataset):
        def load_data_list(self):
            return [{"img_path": str(tmp_path / "a.jpg")}]

    assert Records(pipeline=[dict(type="LoadImageFromFile")], on_error="skip")[0] is None
