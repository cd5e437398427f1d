"""DICOM files: units, windows, inversion; worked out by hand after PS3.3, C.11.2.1.2."""

from __future__ import annotations

import io
import sys
import warnings

import numpy as np
import pytest

from mmpretrain.datasets.transforms.functional.io import imfrombytes
from mmpretrain.errors import DataError, OptionalDependencyError

STORED = np.array([[0, 1024], [2048, 4095]], np.uint16)


def encoded(pixels=STORED, bits=12, syntax="1.2.840.10008.1.2.1", **tags) -> bytes:
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import FileDataset, FileMetaDataset

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    file = FileDataset("x", {}, file_meta=meta, preamble=b"\0" * 128)
    file.Rows, file.Columns = pixels.shape[:2]
    file.SamplesPerPixel = 3 if pixels.ndim == 3 else 1
    file.BitsAllocated = 8 * pixels.dtype.itemsize
    file.BitsStored, file.HighBit = bits, bits - 1
    file.PixelRepresentation = 0
    file.PhotometricInterpretation = "RGB" if pixels.ndim == 3 else "MONOCHROME2"
    if pixels.ndim == 3:
        file.PlanarConfiguration = 0
    file.PixelData = pixels.tobytes()
    for name, value in tags.items():
        setattr(file, name, value)
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file.save_as(out, enforce_file_format=True)
    return out.getvalue()


def test_numbers_in_their_unit():
    img = imfrombytes(encoded(RescaleSlope=2, RescaleIntercept=-1024), "unchanged")
    assert img.dtype == np.float32
    assert img.tolist() == [[-1024, 1024], [3072, 7166]]


def test_the_stored_range_without_a_window():
    """12 bits: 1024 is 63.77 of 255."""
    assert imfrombytes(encoded(), "grayscale").tolist() == [[0, 64], [128, 255]]
    assert imfrombytes(encoded(), "color").shape == (2, 2, 3)


def test_the_window_of_the_file():
    """Centre 1024.5 and width 2049 are the values from 0 to 2048: 1024 is in the middle."""
    data = encoded(WindowCenter=[1024.5, 40], WindowWidth=[2049, 400])
    assert imfrombytes(data, "grayscale").tolist() == [[0, 128], [255, 255]]
    assert imfrombytes(data, "unchanged").tolist() == STORED.tolist()


def test_monochrome1_is_inverted():
    data = encoded(PhotometricInterpretation="MONOCHROME1")
    assert imfrombytes(data, "unchanged").tolist() == (4095 - STORED.astype(int)).tolist()
    assert imfrombytes(data, "grayscale").tolist() == [[255, 191], [127, 0]]
    windowed = encoded(PhotometricInterpretation="MONOCHROME1", WindowCenter=1024.5, WindowWidth=2049)
    assert imfrombytes(windowed, "grayscale").tolist() == [[255, 128], [0, 0]]


def test_colours():
    rgb = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert (imfrombytes(encoded(rgb, bits=8)) == rgb[..., ::-1]).all()
    assert imfrombytes(encoded(rgb, bits=8), "grayscale").shape == (2, 2)


def test_a_palette_is_looked_up():
    """Indices are no numbers of anything."""
    tables = {
        f"{name}PaletteColorLookupTable{what}": value
        for name, high in (("Red", 10), ("Green", 20), ("Blue", 30))
        for what, value in (
            ("Descriptor", [4, 0, 16]),
            ("Data", np.array([0, high, 2 * high, 3 * high], np.uint16) * 256),
        )
    }
    tables = {key: value.tobytes() if key.endswith("Data") else value for key, value in tables.items()}
    indices = np.array([[0, 1], [2, 3]], np.uint8)
    img = imfrombytes(encoded(indices, 8, PhotometricInterpretation="PALETTE COLOR", **tables), "unchanged")
    assert img.tolist() == [[[0, 0, 0], [30, 20, 10]], [[60, 40, 20], [90, 60, 30]]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda: encoded(NumberOfFrames=30), "holds 30 images"),
        (lambda: encoded(PhotometricInterpretation="PALETTE COLOR"), "indices of a palette, and no palette"),
        (lambda: encoded(RescaleSlope=0), "RescaleSlope is 0"),
        (lambda: encoded().partition(b"\xe0\x7f\x10\x00")[0], "holds no image"),
        (lambda: encoded()[:-4], "no image that can be decoded"),
        (lambda: encoded(Rows=60000, Columns=60000), "7,200,000,000 bytes exceeds the limit"),
        (lambda: bytes(128) + b"DICM" + bytes(100), "no image"),
        (lambda: bytes(128) + b"DICM" + b"1.2.840.10008.1.2.1.99", "whole content is compressed"),
    ],
)
def test_files_of_strangers(data, message):
    content = data()
    pytest.importorskip("pydicom")
    with pytest.raises(DataError, match=message) as caught:
        imfrombytes(content, "unchanged", where="x.dcm")
    assert str(caught.value).startswith("x.dcm: ")
    assert "\n" not in str(caught.value)


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(OptionalDependencyError, match=r"needs pydicom.*pip install 'mmpretrain\[dicom\]'"):
        imfrombytes(bytes(128) + b"DICM", "unchanged")
