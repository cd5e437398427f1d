"""TIFF files with any number of channels, by tifffile."""

from __future__ import annotations

import io
import math
import struct
from typing import Any, NamedTuple

import numpy as np

from mmpretrain.datasets.transforms.functional.raw import as_image, check_bytes
from mmpretrain.errors import DataError
from mmpretrain.utils.optional import optional_import

#: How TIFF and BigTIFF begin, in either byte order.
MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANES, _EXTRA, _FORMAT = 258, 259, 262, 277, 284, 338, 339
#: LZMA and Zstandard, for which OpenCV is not built.
_BY_PILLOW = (34925, 50000)
_GREY, _ALPHA, _SEPARATE, _UNSIGNED, _FLOAT = (0, 1), (1, 2), 2, 1, 3
#: Types of the numbers of a tag -> how they are unpacked.
_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}
#: Tags of a file; those of the header stand among the first.
_MOST_TAGS = 512


class TiffHeader(NamedTuple):
    """What the header of a TIFF file says of its first image.

    Attributes:
        bits: Bits of a number; 0 if the header cannot be read.
        samples: Numbers of a pixel.
        unsigned: Whether they are whole, and not negative.
        floats: Whether they are floats.
        planes: Whether each channel is a plane of its own.
        bands: Whether there are several channels that are no colours.
        more: Whether there are further images.
        swapped: Whether they begin with the high byte, and are compressed as only Pillow can read it.
    """

    bits: int = 0
    samples: int = 0
    unsigned: bool = False
    floats: bool = False
    planes: bool = False
    bands: bool = False
    more: bool = False
    swapped: bool = False

    @property
    def is_measured(self) -> bool:
        """Whether it is no picture of 8 bits."""
        return not 0 < self.bits <= 8 or not self.unsigned or self.samples > 4 or self.bands or self.more

    @property
    def is_misread(self) -> bool:
        """Whether OpenCV, or Pillow in its place, gives other numbers than the file has."""
        return self.swapped or (self.planes and self.floats and self.samples > 1)


def read_header(data: bytes) -> TiffHeader:
    """Read the header of a TIFF file, as far as there is one.

    Args:
        data: The file.
    """
    try:
        tags, more = _tags(data)
    except (struct.error, ValueError, IndexError):
        return TiffHeader()
    samples, kind = tags.get(_SAMPLES, 1), tags.get(_FORMAT, _UNSIGNED)
    colourless = tags.get(_PHOTOMETRIC) in _GREY and tags.get(_EXTRA) not in _ALPHA
    return TiffHeader(
        bits=tags.get(_BITS, 1),
        samples=samples,
        unsigned=kind == _UNSIGNED,
        floats=kind == _FLOAT,
        planes=tags.get(_PLANES) == _SEPARATE,
        bands=samples > 1 and colourless,
        more=more,
        swapped=data[:1] == b"M" and tags.get(_BITS, 1) > 8 and tags.get(_COMPRESSION) in _BY_PILLOW,
    )


def _tags(data: bytes) -> tuple[dict[int, int], bool]:
    """The first number of each tag of the first image, and whether there is another one."""
    order, big = "<" if data[:1] == b"I" else ">", data[2:4] in (b"+\0", b"\0+")
    place, counter, entry, inline = ("Q", "Q", "HHQ", 12) if big else ("I", "H", "HHI", 8)

    def unpack(form: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(order + form, data, offset)

    start = unpack(place, 8 if big else 4)[0]
    count, start = unpack(counter, start)[0], start + struct.calcsize(order + counter)
    if count > _MOST_TAGS:
        raise ValueError(f"{count} tags")
    size, tags = struct.calcsize(order + place), {}
    for offset in range(start, start + count * (inline + size), inline + size):
        tag, kind, length = unpack(entry, offset)
        if kind in _TYPES and length:
            form, value = _TYPES[kind], offset + inline
            outside = length * struct.calcsize(order + form) > size
            tags[tag] = unpack(form, unpack(place, value)[0] if outside else value)[0]
    return tags, unpack(place, start + count * (inline + size))[0] != 0


def read_tiff(data: bytes, limit: int, where: str | None) -> np.ndarray:
    """Read the first image of a TIFF file, (H, W) or (H, W, C), with its channels in the order of the file.

    Channels may be samples of a pixel, planes, or pages.

    Args:
        data: The file.
        limit: The most pixels that an image may have.
        where: File name for messages.

    Raises:
        DataError: If it is no such image, is cut off, or too large.
        OptionalDependencyError: If tifffile is not installed.
    """
    tifffile: Any = optional_import("tifffile", feature="imdecode_backend='tifffile'", extra="tiff")
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        series = file.series[0]
        axes = [(axis, size) for axis, size in zip(series.axes, series.shape) if size > 1 or axis in "YX"]
        check_bytes(math.prod(series.shape) * series.dtype.itemsize, limit, where)
        if len(axes) > 3 or [axis for axis, _ in axes if axis in "YX"] != ["Y", "X"]:
            shape = tuple(size for _, size in axes)
            raise DataError(f"A TIFF of shape {shape} (axes {series.axes}) is no image", where=where)
        array = series.asarray().reshape([size for _, size in axes])
    if len(axes) == 3 and axes[0][0] not in "YX":
        array = array.transpose(1, 2, 0)
    return as_image(array, where)
