"""Reading untrusted MATLAB files: each size is checked against the file before it is used.

Level 5 MAT-file format: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf. SciPy's reader
takes the sizes in a file as they are, and can crash the process.
"""

from __future__ import annotations

import math
import struct
import zlib
from typing import Any

import numpy as np

from mmpretrain.errors import DataError
from mmpretrain.utils.budget import DEPTH, Budget

_HEADER, _TAG = 128, 8
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMBERS = range(6, 16)
_COMPLEX = 0x0800
#: Kind of element -> how its numbers are stored.
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
#: Kind of element -> encoding of its letters; with the order of bytes where that matters.
_LETTERS = {1: "latin1", 2: "latin1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_ORDERED = ("utf-16", "utf-32")


def parse_mat(data: bytes, where: str) -> dict[str, Any]:
    """Read a MATLAB file: structs become dicts, arrays of structs lists of dicts, cells arrays of objects.

    Axes of length one are dropped, as ``scipy.io.loadmat(..., simplify_cells=True)`` does.

    Args:
        data: The file.
        where: Its path, for messages.

    Raises:
        DataError: If it is damaged, claims more than it holds, or holds other things than numbers, texts,
            cells and structs.
    """
    try:
        if data[:4] != b"MATL" or data[126:128] not in (b"IM", b"MI"):
            raise ValueError("it is not of version 5, 6 or 7")
        return _File(data).values()
    except (ValueError, struct.error, zlib.error, TypeError, OverflowError) as error:
        raise DataError(
            f"This is not a readable MATLAB file: {error}",
            where=where,
            hint="Save it with -v7, with numbers, texts, cells and structs only.",
        ) from error


def _squeezed(array: np.ndarray) -> Any:
    """Drop axes of length one; what has one item is that item."""
    if array.size == 0:
        return np.array([], dtype=array.dtype)
    if array.size == 1:
        return array.reshape(-1)[0] if array.dtype == object else array.item()
    return np.squeeze(array)


class _File:
    """One file.

    Args:
        data: Its bytes.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.order = ">" if data[126:128] == b"MI" else "<"
        self.budget = Budget(len(data))

    def values(self) -> dict[str, Any]:
        """Return the variables by name."""
        found: dict[str, Any] = {}
        at, end = _HEADER, len(self.data)
        while at + _TAG <= end:
            data = self.data
            kind, start, stop, at = self._tag(data, at, end, padded=False)
            if kind == _COMPRESSED:
                inflate = zlib.decompressobj()
                data = inflate.decompress(data[start:stop], self.budget.left + 1)
                self.budget.take(len(data))
                kind, start, stop, _ = self._tag(data, 0, len(data), padded=False)
            name, value = self._matrix(data, kind, start, stop, 0)
            found[name] = value
        return found

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
        return kind, start, start + length, start + length + (-length % 8 if padded else 0)

    def _integers(self, data: bytes, at: int, end: int) -> tuple[tuple[int, ...], int]:
        _, start, stop, after = self._tag(data, at, end)
        return struct.unpack_from(f"{self.order}{(stop - start) // 4}i", data, start), after

    def _matrix(self, data: bytes, kind: int, at: int, end: int, depth: int) -> tuple[str, Any]:
        if kind != _MATRIX:
            raise ValueError(f"an element of kind {kind} where a matrix belongs")
        if depth > DEPTH:
            raise ValueError("its cells are nested too deeply")
        if at == end:  # an empty cell
            return "", np.array([])
        flags, at = self._integers(data, at, end)
        sizes, at = self._integers(data, at, end)
        if not flags or not 2 <= len(sizes) <= 32 or min(sizes) < 0:
            raise ValueError("the sizes of a matrix")
        _, start, stop, at = self._tag(data, at, end)
        name = data[start:stop].decode("latin1")
        kind = flags[0] & 0xFF
        if kind == _STRUCT:
            return name, self._struct(data, at, end, math.prod(sizes), depth)
        if kind == _CELL:
            return name, self._cell(data, at, end, sizes, depth)
        if kind == _CHAR:
            return name, self._text(data, at, end, sizes)
        if kind not in _NUMBERS:
            raise ValueError(f"an array of class {kind}, which holds more than data")
        real, at = self._numbers(data, at, end, sizes)
        if flags[0] & _COMPLEX:
            real = real + 1j * self._numbers(data, at, end, sizes)[0]
        return name, _squeezed(real)

    def _numbers(self, data: bytes, at: int, end: int, sizes: tuple[int, ...]) -> tuple[np.ndarray, int]:
        kind, start, stop, after = self._tag(data, at, end)
        if kind not in _STORED:
            raise ValueError(f"numbers of kind {kind}")
        dtype = np.dtype(self.order + _STORED[kind])
        if math.prod(sizes) * dtype.itemsize != stop - start:
            raise ValueError(f"an array of {math.prod(sizes):,} numbers in {stop - start:,} bytes")
        self.budget.take(stop - start)
        values = np.frombuffer(data[start:stop], dtype).astype(dtype.newbyteorder("="))
        return values.reshape(sizes, order="F"), after

    def _text(self, data: bytes, at: int, end: int, sizes: tuple[int, ...]) -> Any:
        kind, start, stop, _ = self._tag(data, at, end)
        count = math.prod(sizes)
        if kind not in _LETTERS or count > stop - start:
            raise ValueError(f"a text of {count:,} letters in {stop - start:,} bytes")
        encoding = _LETTERS[kind]
        if encoding in _ORDERED:
            encoding += "-le" if self.order == "<" else "-be"
        self.budget.take(8 * (stop - start))
        text = data[start:stop].decode(encoding, "replace")[:count]
        if count == 0:
            return np.array([], dtype="U1")
        rows = [text[row :: sizes[0]] for row in range(sizes[0])]  # letters are stored column by column
        return rows[0] if len(rows) == 1 else np.array(rows)

    def _cell(self, data: bytes, at: int, end: int, sizes: tuple[int, ...], depth: int) -> Any:
        values = self._matrices(data, at, end, math.prod(sizes), depth)
        if values and isinstance(values[0], dict):
            return values if len(values) > 1 else values[0]
        array = np.empty(len(values), dtype=object)
        for index, value in enumerate(values):
            array[index] = value
        return _squeezed(array.reshape(sizes, order="F"))

    def _struct(self, data: bytes, at: int, end: int, count: int, depth: int) -> Any:
        lengths, at = self._integers(data, at, end)
        _, start, stop, at = self._tag(data, at, end)
        if not lengths or lengths[0] <= 0:
            raise ValueError("the names of a struct")
        places = range(start, stop - lengths[0] + 1, lengths[0])
        names = [data[i : i + lengths[0]].partition(b"\0")[0].decode("latin1") for i in places]
        if count and not names:
            raise ValueError("a struct without fields")
        values = self._matrices(data, at, end, count * len(names), depth)
        made = [dict(zip(names, values[i : i + len(names)])) for i in range(0, len(values), len(names) or 1)]
        return made[0] if len(made) == 1 else made

    def _matrices(self, data: bytes, at: int, end: int, count: int, depth: int) -> list[Any]:
        if count * _TAG > end - at + _TAG:
            raise ValueError(f"{count:,} cells in {max(end - at, 0):,} bytes")
        self.budget.take(256 * count)
        values = []
        for _ in range(count):
            kind, start, stop, at = self._tag(data, at, end)
            values.append(self._matrix(data, kind, start, stop, depth + 1)[1])
        return values
