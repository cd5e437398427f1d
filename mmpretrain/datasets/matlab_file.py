"""Reading MATLAB files of strangers: what they claim is compared with their size before SciPy believes it.

Level 5 MAT-file format: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from typing import Any

from mmpretrain.errors import DataError
from mmpretrain.utils.budget import DEPTH, Budget
from mmpretrain.utils.optional import optional_import

_HEADER = 128
_TAG = 8
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMBERS = range(6, 16)
_COMPLEX = 0x0800


def parse_mat(data: bytes, where: str) -> dict[str, Any]:
    """Read a MATLAB file: structs become dicts, arrays of structs lists of dicts.

    Args:
        data: The file.
        where: Its path, for messages.

    Raises:
        DataError: If it is damaged, claims more than it holds, or holds other things than numbers, texts,
            cells and structs.
    """
    scipy_io = optional_import("scipy.io", feature="Reading .mat files", extra="data")
    try:
        if 0 not in data[:4]:  # files of version 4 have no header
            _Checker(data).check()
        return scipy_io.loadmat(io.BytesIO(data), simplify_cells=True)
    except Exception as error:  # a damaged file can make the reader fail in any way
        raise DataError(
            f"This is not a readable MATLAB file ({error or type(error).__name__})",
            where=where,
            hint="Save it with -v7, with numbers, texts, cells and structs only.",
        ) from error


class _Checker:
    """Walks over the elements of a file.

    Args:
        data: The file.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.order = ">" if data[126:128] == b"MI" else "<"
        self.budget = Budget(len(data))

    def check(self) -> None:
        """Raise ValueError if an element claims more than it holds."""
        at, end = _HEADER, len(self.data)
        while at + _TAG <= end:
            kind, start, stop, at = self._tag(self.data, at, end, padded=False)
            if kind == _COMPRESSED:
                stream = zlib.decompressobj()
                inner = stream.decompress(self.data[start:stop], max(self.budget.left, 0) + 1)
                self.budget.take(len(inner))
                kind, start, stop, _ = self._tag(inner, 0, len(inner), padded=False)
                self._element(inner, kind, start, stop)
            else:
                self._element(self.data, kind, start, stop)

    def _element(self, data: bytes, kind: int, start: int, stop: int) -> None:
        if kind != _MATRIX:
            raise ValueError(f"an element of kind {kind} where a matrix belongs")
        self._matrix(data, start, stop, 0)

    def _tag(self, data: bytes, at: int, end: int, padded: bool = True) -> tuple[int, int, int, int]:
        """Return kind, begin and end of an element, and where the next one begins."""
        if at + _TAG > end:
            raise ValueError("it is cut")
        kind, length = struct.unpack_from(f"{self.order}II", data, at)
        if kind >> 16:  # a small element, in place of its length
            length, kind = kind >> 16, kind & 0xFFFF
            if length > 4:
                raise ValueError("a small element is too long")
            return kind, at + 4, at + 4 + length, at + _TAG
        start = at + _TAG
        if start + length > end:
            raise ValueError("an element is longer than the file")
        stop = start + length
        return kind, start, stop, stop + (-length % 8 if padded else 0)

    def _matrix(self, data: bytes, at: int, end: int, depth: int) -> int:
        if depth > DEPTH:
            raise ValueError("its cells lie too deep in each other")
        if at == end:  # an empty cell
            return at
        _, start, _, at = self._tag(data, at, end)
        (flags,) = struct.unpack_from(f"{self.order}I", data, start)
        _, start, stop, at = self._tag(data, at, end)
        sizes = struct.unpack_from(f"{self.order}{(stop - start) // 4}i", data, start)
        if not 2 <= len(sizes) <= 32 or min(sizes) < 0:
            raise ValueError("the sizes of a matrix")
        count = math.prod(sizes)
        _, _, _, at = self._tag(data, at, end)  # its name
        kind = flags & 0xFF
        if kind == _STRUCT:
            return self._struct(data, at, end, count, depth)
        if kind == _CELL:
            return self._matrices(data, at, end, count, depth)
        if kind != _CHAR and kind not in _NUMBERS:
            raise ValueError(f"an array of class {kind}, which holds more than data")
        for _ in range(2 if flags & _COMPLEX else 1):
            _, start, stop, at = self._tag(data, at, end)
            if count > stop - start:
                raise ValueError(f"an array of {count:,} items in {stop - start:,} bytes")
        self.budget.take(16 * count)
        return at

    def _struct(self, data: bytes, at: int, end: int, count: int, depth: int) -> int:
        _, start, _, at = self._tag(data, at, end)
        (length,) = struct.unpack_from(f"{self.order}i", data, start)
        _, start, stop, at = self._tag(data, at, end)
        if length <= 0:
            raise ValueError("the names of a struct")
        fields = (stop - start) // length
        return self._matrices(data, at, end, count * max(fields, 1), depth)

    def _matrices(self, data: bytes, at: int, end: int, count: int, depth: int) -> int:
        if count * _TAG > end - at + _TAG:
            raise ValueError(f"{count:,} cells in {end - at:,} bytes")
        self.budget.take(64 * count)
        for _ in range(min(count, (end - at) // _TAG)):
            kind, start, stop, at = self._tag(data, at, end)
            if kind != _MATRIX:
                raise ValueError(f"an element of kind {kind} where a matrix belongs")
            self._matrix(data, start, stop, depth + 1)
        return at
