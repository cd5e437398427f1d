"""The layout of an index: a header in JSON, and arrays that are mapped into memory where they lie.

It begins with ``mmpack1`` and a line feed, the length of the header (8 bytes, little-endian), the header,
and the arrays, each at a multiple of 64 bytes. The header lists the arrays with type, shape and place.
At the end are ``mmpksum1`` and the BLAKE2b of all before, 16 bytes.

In a shard, each image begins at a multiple of 4 bytes. In front of an image with restart markers is the table
of where its intervals begin: uint32, relative to the image.
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.brief import brief
from mmpretrain.utils.plain_data import parse_json

MAGIC = b"mmpack1\n"
#: Stands before the check sum at the end.
CHECK = b"mmpksum1"
INDEX = "index.pack"
#: What a packing that is under way leaves.
SETTINGS, ROWS = "packing.json", "packing.rows"
ALIGNMENT = 64
#: A header of more bytes is no header: ImageNet-21k's has 700 KB.
LARGEST_HEADER = 1 << 28

#: How an image is stored: the file as it was, a JPEG with a table of its restart intervals, or pixels.
FILE, RESTARTS, PIXELS = 0, 1, 2
#: Where an image is, and how it can be decoded in parts; see :class:`~.restarts.Intervals`.
FIELDS: dict[str, str] = {
    "start": "<u8", "size": "<u4", "shard": "<u2", "kind": "|u1", "height": "<u4", "width": "<u4",
    "block_height": "<u2", "interval_width": "<u4", "height_at": "<u4", "scan_at": "<u4",
}  # fmt: skip
HASH_BYTES = 16
_TYPES = {*FIELDS.values(), "<i4", "<i8", "<f4", "<f8", "|i1", "|b1", "<u2", "<i2", "<f2"}

Kind = Literal["int", "float", "text", "json", "array"]


def write_index(path: Path, header: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write an index, whole or not at all.

    Args:
        path: The file.
        header: What the header says besides ``arrays``.
        arrays: The arrays by name.
    """
    places: dict[str, dict[str, Any]] = {}
    position = 0
    for name, array in arrays.items():
        places[name] = {"type": array.dtype.str, "shape": list(array.shape), "at": position}
        position += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    text = json.dumps({**header, "arrays": places}).encode()
    begin = -(-(len(MAGIC) + 8 + len(text)) // ALIGNMENT) * ALIGNMENT

    def write(file: Any) -> None:
        state = hashlib.blake2b(digest_size=HASH_BYTES)
        head = MAGIC + struct.pack("<Q", len(text)) + text
        for part in (head.ljust(begin, b"\0"), *arrays.values()):
            data = (
                part
                if isinstance(part, bytes)
                else np.ascontiguousarray(part).reshape(-1).view(np.uint8).data
            )
            gap = bytes(-len(data) % ALIGNMENT)
            for piece in (data, gap):
                file.write(piece)
                state.update(piece)
        file.write(CHECK + state.digest())

    write_atomic(path, write)


def is_as_written(path: str) -> bool:
    """Whether an index has the check sum that it was written with.

    Args:
        path: The index.
    """
    content = map_file(path)
    end = len(content) - len(CHECK) - HASH_BYTES
    if end < 0 or content[end : end + len(CHECK)] != CHECK:
        return False
    state = hashlib.blake2b(digest_size=HASH_BYTES)
    for first in range(0, end, 1 << 24):
        state.update(content[first : min(first + (1 << 24), end)])
    return state.digest() == content[-HASH_BYTES:]


def map_index(path: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Map an index into memory.

    Returns:
        The header and the arrays, which are read-only. Their sizes fit the file; their contents are not
        checked.

    Raises:
        MissingFileError: If there is none.
        DataError: If it is none.
    """
    content = map_file(path)
    if len(content) < len(MAGIC) + 8 or content[: len(MAGIC)] != MAGIC:
        if content[:6] == MAGIC[:6]:
            raise DataError(
                "The index of the packed data set has another version",
                where=path,
                hint="Pack the data again, or use the version of mmpretrain that packed them.",
            )
        raise DataError("This is no index of a packed data set", where=path)
    (length,) = struct.unpack_from("<Q", content, len(MAGIC))
    begin = len(MAGIC) + 8
    if length > min(len(content) - begin, LARGEST_HEADER):
        raise _damaged(path, f"its header claims {length:,} bytes of {len(content):,}")
    try:
        text = content[begin : begin + length].decode()
    except UnicodeDecodeError as error:
        raise _damaged(path, "its header is no text") from error
    header = parse_json(text, path)
    if not isinstance(header, dict) or not isinstance(header.get("arrays"), dict):
        raise _damaged(path, "its header lists no arrays")
    begin = -(-(begin + length) // ALIGNMENT) * ALIGNMENT
    arrays = {name: _view(content, begin, name, place, path) for name, place in header["arrays"].items()}
    return header, arrays


def map_file(path: str) -> mmap.mmap | bytes:
    """Map a file into memory, for reading.

    Raises:
        MissingFileError: If there is none.
        DataError: If it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:  # which cannot be mapped
                return b""
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError as error:
        raise MissingFileError(f"There is no file {path!r}") from error
    except (OSError, ValueError) as error:
        raise DataError(f"It cannot be mapped into memory: {error}", where=path) from error


def _view(content: mmap.mmap | bytes, begin: int, name: str, place: Any, path: str) -> np.ndarray:
    """The array that an item of the header describes."""
    match place:
        case {"type": str(kind), "shape": [*shape], "at": int(at)} if kind in _TYPES and at >= 0:
            sizes = [size for size in shape if isinstance(size, int) and 0 <= size < 1 << 48]
            if len(sizes) == len(shape) and 0 < len(shape) <= 8:
                dtype = np.dtype(kind)
                count = math.prod(sizes)
                if begin + at + count * dtype.itemsize > len(content):
                    raise _damaged(path, f"its array {name!r} of {count:,} numbers reaches behind its end")
                if at % dtype.itemsize == 0:
                    return np.frombuffer(content, dtype, count, begin + at).reshape(sizes)
    raise _damaged(path, f"its array {name!r} is described as {brief(place)}")


def _damaged(path: str, what: str) -> DataError:
    return DataError(
        f"The index of the packed data set is damaged: {what}", where=path, hint="Copy or pack it again."
    )
