"""Reading images: formats, damaged and hostile files, annotations."""

from __future__ import annotations

import io
import os
import socket
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from mmpretrain.datasets import BaseDataset
from mmpretrain.datasets.transforms import Compose, LoadAnnotations, LoadImageFromFile, ResizeEdge
from mmpretrain.datasets.transforms.functional import imwrite, jpeg
from mmpretrain.errors import ConfigError, DataError, MissingFileError
from tests.datasets.transforms.damage_cases import DAMAGED
from tests.datasets.transforms.image_cases import CROP, RGB, encoded, jpg
from tests.datasets.transforms.odd_cases import _jpeg


def png_bomb(height=60_000, width=60_000):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(10_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg_bomb():
    data = bytearray(jpg())
    at = jpeg.read_header(bytes(data)).height_at
    data[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
    return bytes(data)


BAD = {
    "empty": (b"", "empty"),
    "web page": (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
    "text": (b"this is a README", "no image"),
    "truncated": (jpg()[:-200], "cut off"),
    "truncated in the header": (jpg()[:100], "no image"),
    "truncated png": (encoded(RGB, "PNG")[:60], "cut off"),
    "png bomb": (png_bomb(), "limit"),
    "jpeg bomb": (jpeg_bomb(), "limit"),
}


@pytest.mark.parametrize("backend", ["cv2", "exact", "pillow"])
@pytest.mark.parametrize("name", BAD)
def test_bad_files_raise_an_error_that_names_them(tmp_path, name, backend):
    data, message = BAD[name]
    path = tmp_path / "the photo.jpg"
    path.write_bytes(data)
    loading = dict(type="LoadImageFromFile", imdecode_backend=backend)
    for pipeline in (Compose([loading]), Compose([loading, CROP[1]])):
        with pytest.raises(DataError, match=message) as caught:
            pipeline({"img_path": str(path)})
        assert "the photo.jpg" in str(caught.value)
    dropping = dict(loading, ignore_empty=True)
    assert Compose([dropping])({"img_path": str(path)}) is None
    assert Compose([dropping, CROP[1]])({"img_path": str(path)}) is None


@pytest.mark.parametrize("pipeline", [CROP[:1], CROP])
def test_paths_that_are_no_files(tmp_path, pipeline):
    (tmp_path / "x.jpg").mkdir()
    os.symlink(tmp_path / "loop.jpg", tmp_path / "loop.jpg")
    load = Compose(pipeline)
    with pytest.raises(DataError, match=r"x\.jpg.*folder"):
        load({"img_path": str(tmp_path / "x.jpg")})
    with pytest.raises(DataError, match=r"loop\.jpg.*link"):
        load({"img_path": str(tmp_path / "loop.jpg")})
    with pytest.raises(MissingFileError, match=r"none\.jpg"):
        load({"img_path": str(tmp_path / "none.jpg")})


def test_one_pixel(load):
    for kind in ("JPEG", "PNG"):
        assert load(encoded(RGB[:1, :1], kind)).shape == (1, 1, 3)


def test_a_line_of_pixels(tmp_path):
    path = str(tmp_path / "line.jpg")
    assert imwrite(np.zeros((1, 20_000, 3), np.uint8), path)
    cropped = Compose(CROP)({"img_path": path})
    assert cropped["ori_shape"] == (1, 20_000)
    assert cropped["img"].shape == (8, 8, 3)
    # The short edge at 256 would make it 5 120 000 pixels long.
    with pytest.raises(DataError, match=r"line\.jpg.*5120000 x 256"):
        Compose([CROP[0], dict(type="ResizeEdge", scale=256)])({"img_path": path})


def test_0x_records(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpg())
    load = LoadImageFromFile(file_client_args=dict(backend="disk"))
    record = dict(img_prefix=str(tmp_path), img_info=dict(filename="a.jpg"))
    assert load(record)["img"].shape == (24, 32, 3)
    assert load(dict(img_prefix=None, img_info=dict(filename=str(tmp_path / "a.jpg"))))["img"].shape == (
        24,
        32,
        3,
    )


def test_wrong_arguments():
    with pytest.raises(ConfigError, match="Did you mean 'pillow'"):
        LoadImageFromFile(imdecode_backend="pilow")
    with pytest.raises(ConfigError, match="color_type"):
        LoadImageFromFile(color_type="colour")
    with pytest.raises(ConfigError, match="same thing"):
        LoadImageFromFile(file_client_args=dict(backend="disk"), backend_args=dict(backend="disk"))


def test_load_annotations(tmp_path):
    path = tmp_path / "seg.png"
    path.write_bytes(encoded(RGB[..., 0], "PNG"))
    record = dict(
        instances=[
            dict(bbox=[1, 2, 3, 4], bbox_label=5, keypoints=[[1, 2, 1], [3, 4, 2]]),
            dict(bbox=[5, 6, 7, 8], bbox_label=6, keypoints=[[5, 6, 0], [7, 8, 1]]),
        ],
        seg_map_path=str(path),
    )
    results = LoadAnnotations(with_seg=True, with_keypoints=True)(record)
    assert results["gt_bboxes"].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert results["gt_bboxes_labels"].tolist() == [5, 6]
    assert results["gt_keypoints"].shape == (2, 2, 3)
    assert np.array_equal(results["gt_seg_map"], RGB[..., 0])
    empty = LoadAnnotations()(dict(instances=[]))
    assert empty["gt_bboxes"].shape == (0, 4)


def test_damaged_files_are_skipped(tmp_path):
    (tmp_path / "a.jpg").write_bytes(DAMAGED["cut, with an end"])

    class Records(BaseDataset):
        def load_data_list(self):
            return [{"img_path": str(tmp_path / "a.jpg")}]

    assert Records(pipeline=[dict(type="LoadImageFromFile")], on_error="skip")[0] is None


def _odd_sampling() -> bytes:
    data = bytearray(_jpeg(40, 30))
    data[data.index(b"\xff\xc0") + 11] = 0x33
    return bytes(data)


def _greedy_png() -> bytes:
    """A palette that claims a gigabyte."""
    stream = io.BytesIO()
    Image.new("P", (20, 24)).save(stream, "PNG")
    data = bytearray(stream.getvalue())
    place = data.index(b"PLTE")
    data[place - 4 : place] = (2**30).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_greedy_png(), r"The PNG is cut off or damaged: part b'PLTE' claims 1,073,741,824 bytes of"),
        (_jpeg(0, 5), "This is no image that can be decoded"),
        (_odd_sampling(), "This is no image that can be decoded"),
        (_jpeg(65535, 65535), "An image of 65535 x 65535 pixels exceeds the limit"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "This is PostScript, a program and no image"),
        (b"\xc5\xd0\xd3\xc6" + bytes(100), "This is PostScript"),
        (b"", "The file is empty"),
    ],
)
@pytest.mark.parametrize("part", [True, False], ids=["part", "whole"])
def test_files(content, message, part, tmp_path):
    path = tmp_path / "odd.jpg"
    path.write_bytes(content)
    load = LoadImageFromFile()
    steps = Compose([load, ResizeEdge(16)]) if part else load
    with pytest.raises(DataError, match=rf"odd\.jpg: {message}"):
        steps({"img_path": str(path)})


def test_what_is_no_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "self.png").symlink_to("self.png")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket.png"))
    for name, message in (
        ("pipe.png", "' is a pipe, a socket or a device"),
        ("zero.png", "' is a pipe, a socket or a device"),
        ("socket.png", "' is a pipe, a socket or a device"),
        ("self.png", ": This symbolic link leads to itself"),
    ):
        with pytest.raises(DataError, match=rf"{name}{message}"):
            LoadImageFromFile()({"img_path": str(tmp_path / name)})
    listening.close()


def test_names_with_a_null_byte():
    with pytest.raises(DataError, match="cannot be read"):
        LoadImageFromFile()({"img_path": "a\0.png"})


def test_value_range(tmp_path):
    """16 bits: the config says what is dark and what is light."""
    stored = np.array([[0, 1000], [3000, 65535]], np.uint16)
    path = str(tmp_path / "a.png")
    imwrite(stored, path)
    load = dict(type="LoadImageFromFile", color_type="unchanged")
    assert Compose(load)(dict(img_path=path))["img"].tolist() == stored.tolist()
    mapped = Compose(dict(load, value_range=(1000, 3000)))(dict(img_path=path))["img"]
    assert mapped.dtype == np.float32
    np.testing.assert_allclose(mapped, [[0, 0], [255, 255]])
    middle = Compose(dict(load, value_range=(0, 2000)))(dict(img_path=path))["img"]
    np.testing.assert_allclose(middle, [[0, 127.5], [255, 255]])
    whole = Compose([dict(load, value_range=(0, 65535)), dict(type="Invert", prob=1.0)])
    assert whole(dict(img_path=path))["img"][1, 1] == 0
    for wrong in ((3, 3), (5, 1), (0, float("inf")), (1,)):
        with pytest.raises(ConfigError, match="value_range must be"):
            Compose(dict(load, value_range=wrong))
