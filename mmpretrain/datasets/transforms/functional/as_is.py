"""Files of other numbers than 8-bit grey or colour: recognising and reading them."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import numpy as np

from mmpretrain.datasets.transforms.functional import arrays, dicom, png, tiff
from mmpretrain.datasets.transforms.functional.io import imfrombytes
from mmpretrain.errors import MMPretrainError

#: Channels of pictures: grey, colour, colour with transparency.
PICTURES = (1, 3, 4)
#: Portable grey and colour maps with their largest number, behind comments.
_PNM = re.compile(rb"P[2356]\s(?:\s|#[^\n]*\n)*\d+\s+(?:#[^\n]*\n\s*)*\d+\s+(?:#[^\n]*\n\s*)*(\d+)\s")


class Numbers(NamedTuple):
    """What a file holds that is no picture of 8 bits.

    Attributes:
        channels: Number of channels.
        dtype: Type of the numbers, as they are read.
        reader: What reads them. OpenCV turns colours to BGR; arrays and tifffile keep the order of the file.
    """

    channels: int
    dtype: str
    reader: Literal["cv2", "tifffile", "array"]

    @property
    def as_picture(self) -> bool:
        """Whether ``color_type='color'`` reads it, too, with 8 bits."""
        if self.reader == "array":
            return self.channels in PICTURES and self.dtype == "uint8"
        return self.channels in PICTURES and self.dtype in ("uint8", "uint16")

    def __str__(self) -> str:
        return f"{self.channels} channel{'s' * (self.channels != 1)} of {self.dtype}"


def is_measured(data: bytes) -> bool:
    """Whether a file holds other numbers than 8 bits of grey or colour, as its header says.

    DICOM counts as a picture: it says itself how it is shown.

    Args:
        data: The file.
    """
    if data.startswith(png.SIGNATURE):
        return data[24:25] == b"\x10"
    if arrays.is_array_file(data):
        return True
    if data[:4] in tiff.MAGIC:
        return tiff.read_header(data).is_measured
    if dicom.is_dicom(data):
        return False
    largest = _PNM.match(data[:4096])
    return largest is not None and int(largest[1][:8]) > 255


def read_as_is(data: bytes, where: str | None = None) -> tuple[np.ndarray, Numbers]:
    """Decode a file to the numbers that it holds, and return their kind.

    Args:
        data: The file.
        where: Its name, for messages.

    Returns:
        The image (H, W) or (H, W, C), and its kind.

    Raises:
        DataError: If it cannot be decoded.
        OptionalDependencyError: If a library is needed for it that is not installed.
    """
    image, reader = _decode(data, where)
    return image, Numbers(1 if image.ndim == 2 else image.shape[2], image.dtype.name, reader)


def _decode(data: bytes, where: str | None) -> tuple[np.ndarray, Literal["cv2", "tifffile", "array"]]:
    if data[:4] not in tiff.MAGIC:
        reader = "array" if arrays.is_array_file(data) else "cv2"
        return imfrombytes(data, "unchanged", where=where), reader
    try:
        return imfrombytes(data, "unchanged", backend="tifffile", where=where), "tifffile"
    except MMPretrainError as error:
        image = _by_opencv(data, where)
        if image is None:
            raise error
        return image, "cv2"


def _by_opencv(data: bytes, where: str | None) -> np.ndarray | None:
    """A TIFF for which tifffile lacks a library; None if OpenCV would leave out channels."""
    header = tiff.read_header(data)
    if header.more:
        return None
    try:
        image = imfrombytes(data, "unchanged", where=where)
    except MMPretrainError:
        return None
    return image if (1 if image.ndim == 2 else image.shape[2]) == header.samples else None
