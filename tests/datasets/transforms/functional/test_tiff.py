"""TIFF files of any number of channels and type."""

from __future__ import annotations

import importlib.util
import io
import sys

import numpy as np
import pytest
from PIL import Image

from mmpretrain.datasets.transforms.functional.io import imfrombytes
from mmpretrain.errors import DataError, OptionalDependencyError

BANDS = np.random.RandomState(0).randint(0, 60000, (20, 30, 13)).astype(np.uint16)


def encoded(array, **kwargs) -> bytes:
    tifffile = pytest.importorskip("tifffile")
    file = io.BytesIO()
    tifffile.imwrite(file, array, photometric="minisblack", **kwargs)
    return file.getvalue()


@pytest.mark.parametrize(
    ("array", "kwargs"),
    [
        (BANDS, {"planarconfig": "contig"}),
        (BANDS.transpose(2, 0, 1), {"planarconfig": "separate"}),
        (BANDS.transpose(2, 0, 1), {}),
        (BANDS, {"planarconfig": "contig", "bigtiff": True, "compression": "zlib"}),
        (BANDS, {"planarconfig": "contig", "byteorder": ">"}),
    ],
    ids=["samples", "planes", "pages", "big", "other order"],
)
def test_channels_however_they_are_stored(array, kwargs):
    img = imfrombytes(encoded(array, **kwargs), "unchanged", backend="tifffile")
    assert img.dtype == np.uint16
    assert (img == BANDS).all()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "uint8"])
def test_types(dtype):
    values = (BANDS[..., 0] / 300).astype(dtype)
    img = imfrombytes(encoded(values), "unchanged", backend="tifffile")
    assert img.dtype == ("float32" if dtype == "float64" else dtype)
    np.testing.assert_allclose(img, values, rtol=1e-6)


def test_opencv_reads_floats_and_names_what_it_cannot():
    values = (BANDS[..., 0] / 300).astype(np.float32)
    assert (imfrombytes(encoded(values), "unchanged") == values).all()
    with pytest.raises(DataError, match=r"a\.tif: .*imdecode_backend='tifffile' reads TIFF of any number"):
        imfrombytes(encoded(BANDS, planarconfig="contig"), "unchanged", where="a.tif")


def test_what_is_no_image(monkeypatch):
    whole = encoded(BANDS, planarconfig="contig")
    with pytest.raises(DataError, match=r"a\.tif: .*15600 bytes"):
        imfrombytes(whole[:1000], "unchanged", backend="tifffile", where="a.tif")
    with pytest.raises(DataError, match=r"shape \(2, 3, 20, 30\) .* is no image"):
        imfrombytes(encoded(np.zeros((2, 3, 20, 30), np.float32)), "unchanged", backend="tifffile")
    with pytest.raises(DataError, match="reads TIFF only"):
        imfrombytes(b"no TIFF", "unchanged", backend="tifffile")
    monkeypatch.setenv("MMPRETRAIN_MAX_PIXELS", "5000")
    with pytest.raises(DataError, match="15,600 bytes exceeds the limit of 15,000"):
        imfrombytes(whole, "unchanged", backend="tifffile")


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(OptionalDependencyError, match=r"needs tifffile.*pip install 'mmpretrain\[tiff\]'"):
        imfrombytes(b"II*\0", "unchanged", backend="tifffile")


def test_compressions_that_need_a_package():
    """LZW is usual: the file is not damaged, and the sentence must not say so."""
    pytest.importorskip("tifffile")
    file = io.BytesIO()
    Image.fromarray(BANDS[..., 0]).save(file, "TIFF", compression="tiff_lzw")
    assert (imfrombytes(file.getvalue(), "unchanged") == BANDS[..., 0]).all()
    if importlib.util.find_spec("imagecodecs") is None:
        with pytest.raises(DataError, match=r"compressed needs imagecodecs.*pip install imagecodecs"):
            imfrombytes(file.getvalue(), "unchanged", backend="tifffile")
    else:
        assert (imfrombytes(file.getvalue(), "unchanged", backend="tifffile") == BANDS[..., 0]).all()
