"""Reading JPEG headers, and decoding no more of a JPEG than is needed.

libjpeg-turbo decodes to 1/2, 1/4 and 1/8 size in a fraction of the time of a full decode, and the rows below
a region need not be decoded at all: with a smaller height in the header, the decoder stops there.
"""

from __future__ import annotations

import struct
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
import simplejpeg

from mmpretrain.datasets.transforms.functional import scratch
from mmpretrain.errors import DataError

#: A decoded image stays at least this many times as large as the output asked for (Pillow has the same under
#: this name). Larger is nearer to a full decode, and slower; docs/transforms.md has the differences.
REDUCING_GAP = 1.4

_START_OF_FRAME = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_BASELINE = {0xC0, 0xC1}
#: The beginning of a segment: 0xFF, marker, length; and that of a frame.
_SEGMENT = struct.Struct(">BBH").unpack_from
_FRAME = struct.Struct(">BHHB").unpack_from
_ORIENTATION_TAG = 0x0112
#: Orientation -> how :func:`cv2.flip` makes it upright, after a transposition from 5 on.
_FLIPS = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}


class JpegHeader(NamedTuple):
    """The content of the markers before the image data.

    It has the ``shape`` of the decoded image, so that a transform can draw its crop before the decoding.
    """

    height: int
    width: int
    components: int
    precision: int
    baseline: bool
    orientation: int
    height_at: int
    row_block: int
    data_at: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the decoded colour image."""
        return (self.height, self.width, 3)

    @property
    def plain(self) -> bool:
        """Whether all decoders agree on it: 8 bits, grey or three colours."""
        return self.precision == 8 and self.components in (1, 3) and min(self.height, self.width) > 0

    @property
    def ordinary(self) -> bool:
        """Whether it is plain, and not rotated by EXIF."""
        return self.plain and self.orientation <= 1


def read_header(data: bytes) -> JpegHeader | None:
    """Read the markers up to the image data; None when this is not a JPEG, or not a sound one."""
    if data[:3] != b"\xff\xd8\xff":
        return None
    position, orientation, kind, frame_at = 2, 1, 0, 0
    try:
        while True:
            first, marker, length = _SEGMENT(data, position)
            if marker == 0xFF:  # a fill byte
                position += 1
                continue
            if first != 0xFF:
                return None
            if marker in _START_OF_FRAME:
                kind, frame_at = marker, position + 4
            elif marker == 0xE1 and data[position + 4 : position + 10] == b"Exif\0\0":
                orientation = _orientation(data[position + 10 : position + 2 + length])
            elif marker == 0xDA:
                return _header(data, kind, frame_at, orientation, position + 4) if kind else None
            position += 2 + length
    except (IndexError, struct.error):
        return None


def _header(data: bytes, marker: int, frame_at: int, orientation: int, scan_at: int) -> JpegHeader:
    precision, height, width, components = _FRAME(data, frame_at)
    # Rows come in order only when one scan holds all components.
    baseline = marker in _BASELINE and data[scan_at] == components
    row_block = 8 * max([data[frame_at + 7 + 3 * i] & 0x0F for i in range(components)], default=0)
    return JpegHeader(
        height, width, components, precision, baseline, orientation, frame_at + 1, row_block, scan_at
    )


def _orientation(exif: bytes) -> int:
    """Orientation tag of an EXIF block, 1 when there is none."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", exif, entry)
            if tag == _ORIENTATION_TAG and kind == 3:
                value = struct.unpack_from(order + "H", exif, entry + 8)[0]
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def is_complete(data: bytes, header: JpegHeader) -> bool:
    """Whether the image data continues to an end-of-image marker."""
    return data.rfind(b"\xff\xd9", header.data_at) >= 0


def reduction(height: int, width: int, out_height: int, out_width: int) -> int:
    """The strongest reduction (1, 2, 4 or 8) that leaves ``REDUCING_GAP`` times the output size."""
    room = min(height / (out_height * REDUCING_GAP), width / (out_width * REDUCING_GAP))
    return 8 if room >= 8 else 4 if room >= 4 else 2 if room >= 2 else 1


def decode(
    data: bytes,
    header: JpegHeader,
    colorspace: Literal["BGR", "RGB", "GRAY"] = "BGR",
    *,
    rows: int | None = None,
    reduce: int = 1,
    fast: bool = False,
    where: str | None = None,
    briefly: bool = False,
) -> np.ndarray:
    """Decode an :attr:`~JpegHeader.ordinary` JPEG.

    Args:
        data: The file.
        header: Its header.
        colorspace: Channel order of the result.
        rows: How many rows from the top are needed; the result may have more of them.
        reduce: Decode at 1/1, 1/2, 1/4 or 1/8 of the size.
        fast: Repeat colours instead of interpolating between them, and compute with less precision; about
            an eighth faster.
        where: File name for messages.
        briefly: The pixels are read at once: the next image may have the same memory.

    Returns:
        The same pixels as a full decode when ``reduce`` is 1 and ``fast`` is not set.

    Raises:
        DataError: If the data between the markers are damaged, which leaves a part of the image grey.
    """
    height, short = header.height, None
    if rows is not None and header.baseline:
        # Chroma is interpolated between rows: the last ones would lack their neighbours below.
        needed = rows + header.row_block // 4
        if needed < height:
            height, short = needed, bytearray(data)
            short[header.height_at : header.height_at + 2] = needed.to_bytes(2, "big")
    high, wide = -(-height // reduce), -(-header.width // reduce)
    options: dict[str, Any] = {"fastdct": fast, "fastupsample": fast, "min_height": high, "min_width": wide}
    if briefly and colorspace != "GRAY":
        options["buffer"] = scratch.borrowed("decoded", (high, wide, 3))
    if short is None:
        return decode_checked(data, colorspace, where, **options)
    # The decoder stops before the end of the data, and would complain of the rest.
    img = simplejpeg.decode_jpeg(short, colorspace, strict=False, **options)
    if looks_cut(img):
        decode_checked(data, colorspace, where, min_height=1, min_width=1)
    return img


def decode_checked(data: bytes | bytearray, colorspace: str, where: str | None, **options: Any) -> np.ndarray:
    """Decode, and raise where the decoder would fill in what is missing.

    Raises:
        DataError: If the data are damaged. What only offends against the standard is no damage.
    """
    try:
        return simplejpeg.decode_jpeg(data, colorspace, strict=True, **options)
    except ValueError as error:
        if not _is_damage(str(error)):
            return simplejpeg.decode_jpeg(data, colorspace, strict=False, **options)
        raise DataError(
            f"The JPEG is damaged: {error}", where=where, hint="Copy or download the file again."
        ) from error


def looks_cut(img: np.ndarray) -> bool:
    """Whether the last row is of one colour, neither black nor white, as where a decoder had no more data."""
    width, last = img.shape[1], img[-1].tobytes()
    size = len(last) // width
    pixel = last[:size]
    if pixel != last[-size:]:  # nearly always
        return False
    return last == pixel * width and max(pixel) > 5 and min(pixel) < 250


def _is_damage(warning: str) -> bool:
    """Whether a warning of libjpeg means that pixels are missing."""
    text = warning.lower()
    return "premature end" in text or ("corrupt jpeg data" in text and "extraneous" not in text)


def upright(img: np.ndarray, orientation: int) -> np.ndarray:
    """Turn an image as the orientation tag of EXIF says."""
    turned = cv2.transpose(img) if orientation >= 5 else img
    code = _FLIPS.get(orientation)
    return turned if code is None else cv2.flip(turned, code)
