"""Decoding a part of a JPEG that has restart markers.

A restart marker ends an interval of blocks and resets the decoder, so an interval can be decoded without
those before it. Where each row of blocks is a whole number of intervals, the intervals under a box form a
smaller JPEG with the same tables. A margin around the box keeps its pixels identical to those of the whole
image, as colours are interpolated between neighbouring blocks.

Format: ITU-T T.81, B.1.1.3 and E.1.4.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from mmpretrain.datasets.transforms.functional import jpeg, scratch
from mmpretrain.datasets.transforms.functional.geometry import Box
from mmpretrain.errors import DataError

#: Pixels around a box, at the scale that is decoded, that its own pixels depend on.
MARGIN = 2
#: libjpeg does not interpolate colours in images of less than three of them in a row.
NARROWEST = 16
#: Sampling factors of the first colour that decoders support when the other two have 1 x 1.
_SAMPLINGS = {0x11, 0x21, 0x22, 0x12}
_MARKERS = np.tile(np.arange(0xD0, 0xD8, dtype=np.uint8), 512)


class Intervals(NamedTuple):
    """How the image data of a JPEG are divided.

    Args:
        height: Of the image.
        width: Of the image.
        block_height: Rows that an interval covers.
        interval_width: Columns that an interval covers.
        height_at: Where height and width are in the file; two bytes each.
        scan_at: Where the image data begin.
    """

    height: int
    width: int
    block_height: int
    interval_width: int
    height_at: int
    scan_at: int

    @property
    def rows(self) -> int:
        """Rows of intervals."""
        return -(-self.height // self.block_height)

    @property
    def columns(self) -> int:
        """Intervals in a row."""
        return -(-self.width // self.interval_width)


class Layout(NamedTuple):
    """What can be known of a baseline JPEG without decoding it.

    Args:
        header: Its header.
        block: (height, width) of what one block of all colours covers, in pixels.
        interval: Blocks between two restart markers; 0 if it has none.
        scan_at: Where the image data begin.
    """

    header: jpeg.JpegHeader
    block: tuple[int, int]
    interval: int
    scan_at: int

    @property
    def across(self) -> int:
        """Blocks in a row."""
        return -(-self.header.width // self.block[1])


def read_layout(data: bytes) -> Layout | None:
    """Look at the markers of a JPEG; None unless it is an ordinary, complete baseline image with one scan."""
    header = jpeg.read_header(data)
    if header is None or not header.ordinary or not header.baseline or not jpeg.is_complete(data, header):
        return None
    factors = [data[header.height_at + 6 + 3 * i] for i in range(header.components)]
    if header.components == 1:
        block = (8, 8)
    elif factors[0] in _SAMPLINGS and factors[1:] == [0x11, 0x11]:
        block = (8 * (factors[0] & 15), 8 * (factors[0] >> 4))
    else:
        return None
    scan_at = header.data_at - 2 + struct.unpack_from(">H", data, header.data_at - 2)[0]
    return Layout(header, block, _restart_interval(data, header.data_at), scan_at)


def _restart_interval(data: bytes, end: int) -> int:
    """The last restart interval that is defined before ``end``, 0 if there is none."""
    position, interval = 2, 0
    while position + 4 <= end:
        if data[position + 1] == 0xFF:
            position += 1
            continue
        if data[position + 1] == 0xDD:
            interval = struct.unpack_from(">H", data, position + 4)[0]
        position += 2 + struct.unpack_from(">H", data, position + 2)[0]
    return interval


def find_intervals(data: bytes) -> tuple[Intervals, np.ndarray] | None:
    """Find the restart intervals of a JPEG.

    Returns:
        How the image is divided, and where each interval begins, with the end of the last one; uint32,
        (rows * columns + 1,). None when it cannot be decoded in parts.
    """
    layout = read_layout(data)
    if layout is None or not layout.interval or layout.across % layout.interval:
        return None
    header, scan_at = layout.header, layout.scan_at
    width = layout.interval * layout.block[1]
    intervals = Intervals(header.height, header.width, layout.block[0], width, header.height_at, scan_at)
    scan = np.frombuffer(data, np.uint8)[scan_at:]
    marks = np.flatnonzero((scan[:-1] == 0xFF) & (scan[1:] != 0))
    count = intervals.rows * intervals.columns
    if len(marks) < count:
        return None
    names = scan[marks[:count] + 1]
    expected = np.resize(_MARKERS, count)
    expected[-1] = 0xD9
    if (names != expected).any():
        return None
    starts = np.concatenate([[0], marks[:count] + 2]) + scan_at
    return intervals, starts.astype(np.uint32)


def splice(
    data: bytes | memoryview, intervals: Intervals, starts: np.ndarray, box: Box
) -> tuple[bytearray, Box]:
    """Make a JPEG of the intervals under a box.

    Args:
        data: The whole JPEG.
        intervals: How it is divided.
        starts: Where the intervals begin, (rows * columns + 1,).
        box: (top, left, height, width) that is needed, inside of the image.

    Returns:
        The JPEG, and the box of the image that it shows.

    Raises:
        DataError: If the positions do not fit the data.
    """
    top, left, height, width = box
    high, wide, columns = intervals.block_height, intervals.interval_width, intervals.columns
    first_row, last_row = top // high, -(-(top + height) // high)
    first, last = left // wide, -(-(left + width) // wide)
    # Where the intervals of each row begin, and where the last of them ends: rows overlap by one number.
    bounds = np.ndarray(
        (last_row - first_row, last - first + 1),
        starts.dtype,
        starts,
        (first_row * columns + first) * starts.itemsize,
        (columns * starts.itemsize, starts.itemsize),
    )
    shown = (
        first_row * high,
        first * wide,
        min(last_row * high, intervals.height) - first_row * high,
        min(last * wide, intervals.width) - first * wide,
    )
    head, at = intervals.scan_at, intervals.height_at
    parts = [data[:at], struct.pack(">HH", *shown[2:]), data[at + 4 : head]]
    parts += [data[begin:end] for begin, end in zip(bounds[:, 0].tolist(), bounds[:, -1].tolist())]
    small = bytearray().join(parts)
    # Markers count in a circle of eight, and so must those of the small image.
    lengths = bounds[:, 1:] - bounds[:, :-1]  # one that is negative becomes a large number
    marks = lengths.cumsum(dtype=np.int64)
    marks += head - 1
    if marks[-1] != len(small) - 1 or lengths.min() < 2:
        raise DataError("The index of its restart intervals does not fit the JPEG")
    count = marks.size
    names = _MARKERS[:count] if count <= len(_MARKERS) else np.resize(_MARKERS, count)
    np.frombuffer(small, np.uint8)[marks] = names
    small[-1] = 0xD9
    return small, shown


def decode_part(
    data: bytes | memoryview,
    intervals: Intervals,
    starts: np.ndarray,
    box: Box,
    *,
    reduce: int = 1,
    fast: bool = False,
    where: str | None = None,
    briefly: bool = False,
) -> tuple[np.ndarray, Box]:
    """Decode the part of a JPEG that a box needs.

    Args:
        data: The whole JPEG.
        intervals: How it is divided.
        starts: Where the intervals begin.
        box: (top, left, height, width) that is needed.
        reduce: Decode at 1/1, 1/2, 1/4 or 1/8 of the size.
        fast: See :func:`jpeg.decode`.
        where: File name for messages.
        briefly: See :func:`jpeg.decode`.

    Returns:
        Pixels (H, W, 3), BGR, and the box of the image at full size that they show. Those within ``box`` are
        the same as in a whole decode.

    Raises:
        DataError: If the data are damaged.
    """
    margin = MARGIN * reduce
    top, left = max(box[0] - margin, 0), max(min(box[1] - margin, intervals.width - NARROWEST), 0)
    bottom = min(box[0] + box[2] + margin, intervals.height)
    right = min(box[1] + box[3] + margin, intervals.width)
    small, shown = splice(data, intervals, starts, (top, left, bottom - top, right - left))
    height, width = -(-shown[2] // reduce), -(-shown[3] // reduce)
    options = {"fastdct": fast, "fastupsample": fast, "min_height": height, "min_width": width}
    if briefly:
        options["buffer"] = scratch.borrowed("decoded", (height, width, 3))
    return jpeg.decode_checked(small, "BGR", where, **options), shown
