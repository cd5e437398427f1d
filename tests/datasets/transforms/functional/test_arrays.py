"""Arrays of NumPy as images, and files that only look like them."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from mmpretrain.datasets.transforms.functional.io import imfrombytes
from mmpretrain.errors import DataError

BANDS = np.random.RandomState(0).randint(0, 60000, (20, 30, 13)).astype(np.uint16)


def saved(array, **kwargs) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **kwargs)
    return file.getvalue()


def zipped(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize(
    ("stored", "dtype"),
    [
        (BANDS, "uint16"),
        (BANDS[..., 0], "uint16"),
        (np.asfortranarray(BANDS), "uint16"),
        (BANDS.astype(">u2"), "uint16"),
        (BANDS.astype("float64"), "float32"),
        (BANDS.astype("float16"), "float32"),
        (BANDS.astype("int64"), "float32"),
        (BANDS > 30000, "uint8"),
        ((BANDS >> 8).astype("uint8"), "uint8"),
    ],
)
def test_as_they_are(stored, dtype):
    for data in (saved(stored), zipped(arr_0=stored)):
        img = imfrombytes(data, "unchanged")
        assert img.dtype == dtype
        assert (img == stored.astype(dtype)).all()
        img[:] = 0  # transforms write into images


def test_the_image_of_an_archive():
    assert (imfrombytes(zipped(label=np.ones(2), image=BANDS), "unchanged") == BANDS).all()
    with pytest.raises(DataError, match=r"2 arrays \(a, b\), and none of them is named 'image'.*np\.savez"):
        imfrombytes(zipped(a=BANDS, b=BANDS), "unchanged")


def test_colours():
    """8 bits of 1, 3 or 4 channels are grey, BGR or BGRA; for the rest, the config says what they mean."""
    rgba = (BANDS[..., :4] >> 8).astype(np.uint8)
    assert (imfrombytes(saved(rgba)) == rgba[..., :3]).all()
    grey = imfrombytes(saved(rgba[..., 0]))
    assert grey.shape == (20, 30, 3)
    assert (grey == rgba[..., :1]).all()
    assert imfrombytes(saved(rgba[..., :3]), "grayscale").shape == (20, 30)
    with pytest.raises(DataError, match=r"13 channels of uint16.*color_type='unchanged', and value_range"):
        imfrombytes(saved(BANDS))


class Evil:
    def __reduce__(self):
        return exec, ("raise SystemExit('it ran')",)


def header(shape, dtype="'<f4'") -> bytes:
    text = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}"
    return b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + text.ljust(117).encode() + b"\n"


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("image.npy", header((20000, 20000)) + bytes(10**7))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            saved(np.array([Evil()], object), allow_pickle=True),
            r"array of object and shape .* is no image, and is not read",
        ),
        (saved(np.array(["a"])), "no image, and is not read"),
        (saved(BANDS)[:500], "cut off: shape .* takes 15,600 bytes, and there are 500"),
        (header((10**6, 10**5)), "400,000,000,000 bytes exceeds the limit"),
        (header((-1, 5)), "no image"),
        (header((5, 5), "[('a', '<f4')]"), "no image, and is not read"),
        (header("(" * 300), "no image that can be decoded"),
        (bomb(), "exceeds the limit|cut off"),
        (b"PK\x03\x04image.npy" + bytes(50), "no image that can be decoded"),
        (saved(np.zeros((0, 4), np.uint8)), "no pixels"),
        (saved(np.zeros(4, np.uint8)), r"shape \(4,\) is no image"),
        (saved(np.zeros((3, 64, 64), np.uint8)), "has 64 channels: are they its first axis"),
        (saved(BANDS)[:9], "no image"),
    ],
)
def test_files_of_strangers(data, message):
    with pytest.raises(DataError, match=message) as caught:
        imfrombytes(data, "unchanged", where="x.npy")
    assert str(caught.value).startswith("x.npy: ")
    assert "\n" not in str(caught.value)
