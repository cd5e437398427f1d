"""MATLAB files are read as SciPy reads them, and claim nothing that they do not hold."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest

from mmpretrain.datasets.matlab_file import parse_mat
from mmpretrain.errors import DataError

scipy_io = pytest.importorskip("scipy.io")

VALUES = {
    "numbers": np.arange(6.0).reshape(2, 3),
    "bytes": np.array([[1, 2, 3]], np.uint8),
    "large": np.arange(24, dtype=np.int64).reshape(2, 3, 4),
    "one": 3,
    "part": 2.5,
    "complex": np.array([1 + 2j, 3 - 1j]),
    "yes": True,
    "empty": np.zeros((0, 0)),
    "text": "café 漢",
    "rows": np.array(["ab", "cd"]),
    "cells": np.array(["a.jpg", "b", np.arange(3)], dtype=object),
    "struct": {"a": 1, "b": "x", "c": {"d": np.arange(2)}},
    "structs": np.array([(1, "x"), (2, "yy")], dtype=[("id", object), ("name", object)]),
}


def saved(values: dict, compress: bool) -> bytes:
    file = io.BytesIO()
    scipy_io.savemat(file, values, do_compression=compress)
    return file.getvalue()


def same(a, b) -> bool:
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, np.ndarray)) and np.asarray(a, dtype=object).dtype == object:
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    return np.array_equal(a, b) and np.asarray(a).dtype == np.asarray(b).dtype


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("name", VALUES)
def test_values(name, compress):
    data = saved({name: VALUES[name]}, compress)
    expected = scipy_io.loadmat(io.BytesIO(data), simplify_cells=True)[name]
    found = parse_mat(data, "a.mat")
    assert list(found) == [name]
    assert same(found[name], expected), (found[name], expected)


def matrix(kind: int, sizes: tuple[int, ...], content: bytes) -> bytes:
    """An element of one matrix."""
    dims = struct.pack(f"<{len(sizes)}i", *sizes)
    dims += bytes(-len(dims) % 8)
    body = struct.pack("<IIII", 6, 8, kind, 0) + struct.pack("<II", 5, 4 * len(sizes)) + dims
    body += struct.pack("<II", 1, 1) + b"x" + bytes(7) + content
    return struct.pack("<II", 14, len(body)) + body


HEAD = b"MATLAB 5.0".ljust(124) + struct.pack("<H2s", 0x0100, b"IM")
HUGE = 1 << 30
EVIL = {
    "a bomb": HEAD + (lambda bomb: struct.pack("<II", 15, len(bomb)) + bomb)(zlib.compress(bytes(1 << 27))),
    "numbers that are not there": HEAD + matrix(6, (HUGE, HUGE), struct.pack("<II", 9, 0)),
    "letters that are not there": HEAD + matrix(4, (1, HUGE), struct.pack("<II", 16, 0)),
    "cells that are not there": HEAD + matrix(1, (HUGE, 4), b""),
    "structs that are not there": HEAD
    + matrix(2, (HUGE, 1), struct.pack("<IiII", 5 | 4 << 16, 8, 1, 8) + b"a".ljust(8)),
    "structs without fields": HEAD + matrix(2, (HUGE, 1), struct.pack("<IiII", 5 | 4 << 16, 8, 1, 0)),
    "a negative size": HEAD + matrix(6, (-1, 1), struct.pack("<II", 9, 0)),
    "a sparse array": HEAD + matrix(5, (1, 1), bytes(64)),
    "an object": HEAD + matrix(3, (1, 1), bytes(64)),
    "a function": HEAD + matrix(16, (1, 1), bytes(64)),
    "an element longer than the file": HEAD + struct.pack("<II", 14, HUGE),
    "HDF5": b"MATLAB 7.3".ljust(512),
    "version 4": struct.pack("<5i", 0, 1, 1, 0, 2) + b"x\0" + bytes(8),
    "nothing": b"",
}


@pytest.mark.parametrize("name", EVIL)
def test_claims_are_refused(name):
    with pytest.raises(DataError, match="not a readable MATLAB file"):
        parse_mat(EVIL[name], "a.mat")


def test_deep_cells_are_refused():
    element = matrix(6, (0, 0), struct.pack("<II", 9, 0))
    for _ in range(300):
        element = matrix(1, (1, 1), element)
    with pytest.raises(DataError, match="too deep"):
        parse_mat(HEAD + element, "a.mat")
