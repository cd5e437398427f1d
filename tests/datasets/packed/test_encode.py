"""One image of each kind, packed."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from PIL import Image

from mmpretrain.datasets.packed.encode import Encoding, encode, jpegtran, restart_blocks
from mmpretrain.datasets.packed.layout import FILE, PIXELS, RESTARTS
from mmpretrain.datasets.transforms.functional.io import imfrombytes
from tests.datasets.packed.pack_cases import jpeg, needs_jpegtran

TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"


def png(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


@needs_jpegtran
@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"mode": "L"}, {"progressive": True}])
def test_markers_are_added_without_loss(options):
    data = jpeg(113, 190, **options)
    stored = encode(data, Encoding(), jpegtran())
    assert (stored.kind, stored.psnr, stored.note) == (RESTARTS, math.inf, "")
    assert np.array_equal(imfrombytes(stored.data), imfrombytes(data))
    assert stored.intervals.columns > 1
    assert len(stored.starts) == stored.intervals.rows * stored.intervals.columns + 1


def test_without_the_tool_files_are_kept():
    data = jpeg()
    stored = encode(data, Encoding(), None)
    assert (stored.kind, stored.data) == (FILE, data)
    assert "jpegtran is not installed" in stored.note


def test_a_tool_that_fails_changes_nothing(tmp_path):
    tool = tmp_path / "jpegtran"
    for script in ("exit 1", "echo nothing", f"cat {tmp_path / 'other.jpg'}"):
        (tmp_path / "other.jpg").write_bytes(jpeg(seed=5, restart_marker_blocks=4))
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)
        data = jpeg()
        stored = encode(data, Encoding(), str(tool))
        assert (stored.kind, stored.data) == (FILE, data)


def test_files_with_markers_are_kept_and_indexed():
    data = jpeg(restart_marker_blocks=4)
    for how in (Encoding(), Encoding("keep")):
        stored = encode(data, how)
        assert (stored.kind, stored.data, stored.shape) == (RESTARTS, data, (96, 128))


def test_quality_is_measured():
    data = jpeg(quality=97)
    stored = encode(data, Encoding(quality=80))
    assert stored.kind == RESTARTS
    assert len(stored.data) < len(data)
    error = np.mean((imfrombytes(stored.data).astype(float) - imfrombytes(data)) ** 2)
    assert stored.psnr == pytest.approx(10 * math.log10(255**2 / error), abs=1e-3)


@pytest.mark.parametrize(
    "data",
    [
        jpeg(exif=TURNED),
        jpeg(mode="CMYK"),
        png(np.zeros((40, 50, 3), np.uint8)),
        b"",
        b"no image",
        jpeg()[:400],
    ],
)
def test_what_is_kept_as_it_is(data):
    stored = encode(data, Encoding(), jpegtran())
    assert (stored.kind, stored.data) == (FILE, data)


@pytest.mark.parametrize(
    "data", [jpeg(), jpeg(exif=TURNED), jpeg(mode="L"), png(np.full((40, 50, 4), 9, np.uint8))]
)
def test_raw_pixels_are_those_that_pipelines_see(data):
    stored = encode(data, Encoding("raw"))
    assert stored.kind == PIXELS
    pixels = np.frombuffer(stored.data, np.uint8).reshape(*stored.shape, 3)
    assert np.array_equal(pixels, imfrombytes(data))


def test_more_than_eight_bits_are_not_cut_off():
    data = png(np.arange(2000, dtype=np.uint16).reshape(40, 50) * 30)
    for how in (Encoding("raw"), Encoding(short_edge=10)):
        assert encode(data, how).data == data


def test_short_edge():
    stored = encode(jpeg(200, 300), Encoding(short_edge=100))
    assert (stored.kind, stored.shape) == (RESTARTS, (100, 150))
    assert 20 < stored.psnr < math.inf
    assert imfrombytes(stored.data).shape == (100, 150, 3)
    assert encode(jpeg(200, 300), Encoding("raw", short_edge=100)).shape == (100, 150)
    small = jpeg(90, 300)
    assert encode(small, Encoding(short_edge=100)).data == small


def test_grey_stays_grey():
    stored = encode(jpeg(200, 300, mode="L"), Encoding(short_edge=100))
    assert Image.open(io.BytesIO(stored.data)).mode == "L"


def test_a_row_of_blocks_is_a_whole_number_of_intervals():
    assert [restart_blocks(across, 16) for across in (32, 24, 25, 31, 7, 1, 6)] == [2, 2, 1, 1, 1, 1, 2]
    assert [restart_blocks(across, 8) for across in (64, 63, 61)] == [4, 3, 1]
    for across in range(1, 200):
        assert across % restart_blocks(across, 16) == 0
