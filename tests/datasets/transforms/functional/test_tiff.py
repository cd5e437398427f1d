"""TIFF files of any number of channels and type."""

from __future__ import annotations

import importlib.util
import io
import sys

import numpy as np
import pytest
from PIL import Image

from mmpretrain.datasets.transforms.functional.io import imfrombytes
from mmpretrain.datasets.transforms.functional.tiff import TiffHeader, read_header
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


@pytest.mark.parametrize(
    ("array", "kwargs", "message"),
    [
        (BANDS[..., :3], {"planarconfig": "contig"}, "has 3 channels, of which 1 would be read"),
        (BANDS[..., :2], {"planarconfig": "contig"}, "has 2 channels, of which 1 would be read"),
        (
            BANDS.transpose(2, 0, 1),
            {"planarconfig": "separate", "compression": "lzma"},
            "has 13 channels, of which 1 would be read",
        ),
        (BANDS[..., :3].transpose(2, 0, 1).astype("f4"), {"planarconfig": "separate"}, "misread such a TIFF"),
        (BANDS[..., 0].astype("i2"), {"byteorder": ">", "compression": "lzma"}, "misread such a TIFF"),
    ],
)
def test_what_opencv_would_misread(array: np.ndarray, kwargs: dict, message: str) -> None:
    data = encoded(array, **kwargs)
    with pytest.raises(DataError, match=rf"a\.tif: .*{message}.*imdecode_backend='tifffile'"):
        imfrombytes(data, "unchanged", where="a.tif")
    assert imfrombytes(data, "unchanged", backend="tifffile").shape[:2] == (20, 30)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_header(order: str, big: bool) -> None:
    form = {"byteorder": order, "bigtiff": big}
    assert read_header(encoded(BANDS[..., 0].astype("f4"), **form)) == TiffHeader(32, 1, floats=True)
    assert read_header(encoded(BANDS, planarconfig="contig", **form)) == TiffHeader(
        16, 13, unsigned=True, bands=True
    )
    pages = read_header(encoded(BANDS.transpose(2, 0, 1)[:3].astype("i2"), **form))
    assert pages == TiffHeader(16, 1, more=True)
    planes = read_header(encoded(BANDS.transpose(2, 0, 1).astype("u1"), planarconfig="separate", **form))
    assert planes == TiffHeader(8, 13, unsigned=True, planes=True, bands=True)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_pictures(mode: str) -> None:
    file = io.BytesIO()
    Image.new(mode, (5, 4)).save(file, "TIFF")
    assert not read_header(file.getvalue()).is_measured


def test_headers_that_are_cut_off_or_hostile() -> None:
    whole = encoded(BANDS, planarconfig="contig")
    for length in range(4, 200, 7):
        assert read_header(whole[:length]).is_measured
    random = np.random.RandomState(0)
    for _ in range(300):
        damaged = bytearray(whole[:400])
        damaged[random.randint(4, 400)] = random.randint(256)
        read_header(bytes(damaged))


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


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "storage",
    [
        {"tile": (16, 16)},
        {"rowsperstrip": 7, "compression": "zlib"},
        {"compression": "zlib", "predictor": True, "tile": (16, 16)},
        {"compression": "lzma"},
        {"compression": "lzw", "predictor": True},
        {"compression": "zstd", "tile": (16, 32)},
    ],
    ids=["tiles", "strips of deflate", "tiles of deflate", "lzma", "lzw", "tiles of zstd"],
)
def test_storage(planar: str, order: str, storage: dict) -> None:
    if storage.get("compression") in ("lzw", "zstd"):
        pytest.importorskip("imagecodecs")
    array = BANDS if planar == "contig" else BANDS.transpose(2, 0, 1)
    data = encoded(array, planarconfig=planar, byteorder=order, **storage)
    assert (imfrombytes(data, "unchanged", backend="tifffile") == BANDS).all()


def test_compressions_that_need_a_package():
    """LZW is usual: the file is not damaged, and the sentence must not say so."""
    pytest.importorskip("tifffile")
    file = io.BytesIO()
    Image.fromarray(BANDS[..., 0]).save(file, "TIFF", compression="tiff_lzw")
    assert (imfrombytes(file.getvalue(), "unchanged") == BANDS[..., 0]).all()
    if importlib.util.find_spec("imagecodecs") is None:
        with pytest.raises(
            DataError, match=r"compressed needs imagecodecs.*pip install 'mmpretrain\[codecs\]'"
        ):
            imfrombytes(file.getvalue(), "unchanged", backend="tifffile")
    else:
        assert (imfrombytes(file.getvalue(), "unchanged", backend="tifffile") == BANDS[..., 0]).all()
