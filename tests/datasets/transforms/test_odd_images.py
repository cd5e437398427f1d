"""Files that are no sound image: one sentence with the name, and no harm."""

from __future__ import annotations

import io
import os
import socket

import numpy as np
import pytest
from PIL import Image

from mmpretrain.datasets.transforms import Compose, LoadImageFromFile, ResizeEdge
from mmpretrain.datasets.transforms.functional import imfrombytes
from mmpretrain.datasets.transforms.functional.geometry import imresize
from mmpretrain.errors import ConfigError, DataError


def _jpeg(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30)).save(stream, "JPEG")
    data = bytearray(stream.getvalue())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(data)


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


@pytest.mark.parametrize("dtype", [np.int32, np.int64, bool])
def test_pixels_that_cannot_be_resized(dtype):
    with pytest.raises(DataError, match="OpenCV cannot resize an image of"):
        imresize(np.zeros((4, 4), dtype=dtype), (2, 2), "bicubic")


def test_the_limit_is_a_number(monkeypatch):
    monkeypatch.setenv("MMPRETRAIN_MAX_PIXELS", "abc")
    with pytest.raises(ConfigError, match="MMPRETRAIN_MAX_PIXELS must be a number of pixels, got 'abc'"):
        imfrombytes(_jpeg(40, 30))
