"""Arrays of NumPy as images: ``.npy`` and ``.npz``. Nothing in them is unpickled."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Sequence
from typing import IO

import numpy as np
from numpy.lib import format as npy

from mmpretrain.datasets.transforms.functional.raw import as_image, check_bytes
from mmpretrain.errors import DataError

NPY, ZIP = b"\x93NUMPY", b"PK\x03\x04"
#: Names by which an archive says which of its arrays is the image.
IMAGE_NAMES = ("image", "img", "arr_0")
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def is_array_file(data: bytes) -> bool:
    """Whether a file is one of NumPy's."""
    return data.startswith(NPY) or (data.startswith(ZIP) and b".npy" in data[:512])


def read_array(data: bytes, limit: int, where: str | None) -> np.ndarray:
    """Read an image (H, W) or (H, W, C) that is an array.

    Args:
        data: The file.
        limit: The most pixels that an image may have.
        where: File name for messages.

    Raises:
        DataError: If it is no array of numbers, is cut off, or too large.
    """
    if data.startswith(NPY):
        return as_image(_read(io.BytesIO(data), len(data), limit, where), where)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [name for name in archive.namelist() if name.endswith(".npy")]
        entry = archive.getinfo(_chosen(entries, where))
        with archive.open(entry) as stream:
            return as_image(_read(stream, entry.file_size, limit, where), where)


def _chosen(entries: Sequence[str], where: str | None) -> str:
    names = [entry.removesuffix(".npy") for entry in entries]
    for name in IMAGE_NAMES if len(names) > 1 else names:
        if name in names:
            return f"{name}.npy"
    listed = ", ".join(names[:8]) or "none"
    raise DataError(
        f"The archive has {len(names)} arrays ({listed}), and none of them is named {IMAGE_NAMES[0]!r}",
        where=where,
        hint="Save the image as np.savez(file, image=array).",
    )


def _read(stream: IO[bytes], size: int, limit: int, where: str | None) -> np.ndarray:
    """Read an array whose header is believed only as far as there are bytes."""
    version = npy.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"a version of the format that is not known: {version}")
    shape, in_columns, dtype = _HEADERS[version](stream, max_header_size=4096)
    if dtype.hasobject or dtype.kind not in "biuf" or min(shape, default=0) < 0:
        raise DataError(f"An array of {dtype} and shape {shape} is no image, and is not read", where=where)
    wanted = math.prod(shape) * dtype.itemsize
    check_bytes(wanted, limit, where)
    if wanted > size:
        raise DataError(
            f"The array is cut off: shape {shape} of {dtype} takes {wanted:,} bytes, and there are {size:,}",
            where=where,
        )
    content = stream.read(wanted)
    if len(content) != wanted:
        raise DataError(f"The array is cut off after {len(content):,} of {wanted:,} bytes", where=where)
    return np.frombuffer(bytearray(content), dtype).reshape(shape, order="F" if in_columns else "C")
