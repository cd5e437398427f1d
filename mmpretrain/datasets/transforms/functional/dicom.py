"""DICOM files, by pydicom."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np

from mmpretrain.datasets.transforms.functional.raw import check_bytes, to_range
from mmpretrain.errors import DataError
from mmpretrain.utils.optional import optional_import

#: Transfer syntax whose whole content is compressed: it could expand without a limit.
_DEFLATED = b"1.2.840.10008.1.2.1.99"


def is_dicom(data: bytes) -> bool:
    """Whether a file has the mark of DICOM."""
    return data[128:132] == b"DICM"


def read_dicom(data: bytes, flag: str, limit: int, where: str | None) -> np.ndarray:
    """Read an image: numbers in their unit, or 8 bits through the window that the file names.

    The rescale slope and intercept are applied, and MONOCHROME1 is inverted, so that high is always bright.

    Args:
        data: The file.
        flag: ``'unchanged'`` gives (H, W) float32 in the unit of the file, such as Hounsfield units;
            ``'grayscale'`` and ``'color'`` give 8 bits: of the window in the file, or, without one, of the
            range of its stored bits.
        limit: The most pixels that an image may have.
        where: File name for messages.

    Raises:
        DataError: If there is no image, there are several, or it cannot be decoded.
        OptionalDependencyError: If pydicom is not installed.
    """
    pydicom: Any = optional_import("pydicom", feature="Reading DICOM", extra="dicom")
    if _DEFLATED in data[:4096]:
        raise DataError("Its whole content is compressed, which is not read", where=where)
    found = pydicom.dcmread(io.BytesIO(data))
    frames = int(found.get("NumberOfFrames") or 1)
    if "PixelData" not in found or frames != 1:
        what = "no image" if "PixelData" not in found else f"{frames} images"
        raise DataError(
            f"The DICOM file holds {what}", where=where, hint="Save each image as a file of its own."
        )
    samples = int(found.get("SamplesPerPixel") or 1)
    check_bytes(int(found.Rows) * int(found.Columns) * samples * int(found.BitsAllocated) // 8, limit, where)
    pixels = found.pixel_array
    if found.PhotometricInterpretation == "PALETTE COLOR":
        pixels, samples = _looked_up(found, pixels, where), 3
    if samples == 3:
        return _colours(pixels, flag)
    if float(found.get("RescaleSlope", 1)) == 0:
        raise DataError(
            "The DICOM file says that its RescaleSlope is 0, so all pixels are equal", where=where
        )
    values = pixels.astype(np.float32) * float(found.get("RescaleSlope", 1)) + float(
        found.get("RescaleIntercept", 0)
    )
    low, high = _stored_range(found)
    if found.PhotometricInterpretation == "MONOCHROME1":
        values = low + high - values
    if flag == "unchanged":
        return values
    grey = np.rint(to_range(values, *(_window(found, low, high) or (low, high)))).astype(np.uint8)
    return grey if flag.startswith("grayscale") else cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


def _looked_up(found: Any, pixels: np.ndarray, where: str | None) -> np.ndarray:
    """Return the colours that indices stand for, (H, W, 3)."""
    try:
        from pydicom.pixels import apply_color_lut
    except ImportError:  # pydicom before 3.0
        from pydicom.pixel_data_handlers import apply_color_lut
    if "RedPaletteColorLookupTableDescriptor" not in found:
        raise DataError("The DICOM file holds indices of a palette, and no palette", where=where)
    return apply_color_lut(pixels, found)[..., :3]


def _colours(pixels: np.ndarray, flag: str) -> np.ndarray:
    if pixels.dtype != np.uint8:
        pixels = (pixels >> 8).astype(np.uint8)
    bgr = np.ascontiguousarray(pixels[..., ::-1])  # pydicom gives RGB
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY) if flag.startswith("grayscale") else bgr


def _stored_range(found: Any) -> tuple[float, float]:
    """Return the least and the largest value that the stored bits can mean, in the unit of the file."""
    bits, slope = int(found.BitsStored), float(found.get("RescaleSlope", 1))
    intercept = float(found.get("RescaleIntercept", 0))
    signed = int(found.get("PixelRepresentation", 0)) == 1
    ends = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    low, high = sorted(slope * end + intercept for end in ends)
    return low, high


def _window(found: Any, low: float, high: float) -> tuple[float, float] | None:
    """Return the first window of the file as (low, high); of MONOCHROME1, what it is after inversion."""
    center, width = _first(found.get("WindowCenter")), _first(found.get("WindowWidth"))
    if center is None or width is None or not width > 1:
        return None
    # DICOM PS3.3, C.11.2.1.2: the linear function ends half a value inside of the window.
    first, last = center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2
    if found.PhotometricInterpretation == "MONOCHROME1":
        first, last = low + high - last, low + high - first
    return first, last


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    values = value if isinstance(value, (list, tuple)) or hasattr(value, "__iter__") else [value]
    return next((float(item) for item in values), None)
