"""Checks of a PNG before it is decoded."""

from __future__ import annotations

from mmpretrain.errors import DataError

SIGNATURE = b"\x89PNG\r\n\x1a\n"

#: A chunk has its length and name in front of the data, and a checksum behind it, in bytes.
_HEAD, _TAIL = 8, 4


def check_chunks(data: bytes, where: str | None = None) -> None:
    """Refuse a PNG whose chunks claim more bytes than the file has: decoders allocate the claimed size.

    Args:
        data: The content of a PNG file.
        where: Its name.

    Raises:
        DataError: If it is cut off or damaged.
    """
    position = len(SIGNATURE)
    while position + _HEAD <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        name, left = data[position + 4 : position + _HEAD], len(data) - position - _HEAD
        if length > left:
            raise DataError(
                f"The PNG is cut off or damaged: part {name!r} claims {length:,} bytes of {left:,}",
                where=where,
                hint="Copy or download the file again.",
            )
        if name == b"IEND":
            return
        position += _HEAD + length + _TAIL
