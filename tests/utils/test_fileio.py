"""Tests of :mod:`mmpretrain.utils.fileio`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.utils import fileio


def test_disk(folder):
    for args in (None, dict(backend="disk"), dict(backend="local"), dict(backend="file")):
        assert fileio.read_bytes(folder / "a b.txt", args) == b"a b.txt"
    assert fileio.read_bytes(f"file://{folder}/a b.txt") == b"a b.txt"
    assert fileio.exists(folder / "sub")
    assert fileio.is_folder(folder / "sub")
    assert fileio.is_file(folder / "sub" / "ü.txt")
    assert not fileio.exists(folder / "nothing")
    with fileio.local_path(folder / "a b.txt") as path:
        assert path == str(folder / "a b.txt")
    fileio.write_text("new", folder / "more" / "e.txt")
    assert fileio.read_text(folder / "more" / "e.txt") == "new"
    with fileio.open_binary(folder / "a b.txt") as file:
        assert file.read(1) == b"a"


def test_home_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert fileio.read_bytes("~/a b.txt") == b"a b.txt"


def test_text(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("\ufeffä\r\nb\rc\n".encode())
    assert fileio.read_lines(path) == ["ä", "b", "c"]
    path.write_bytes("ä".encode("latin-1"))
    assert fileio.read_text(path, "latin-1") == "ä"
    path.write_bytes(b"ok\nb\xff")
    with pytest.raises(DataError, match=r"x\.txt:2: Byte 0xff is not utf-8"):
        fileio.read_text(path)


def test_missing(folder):
    with pytest.raises(MissingFileError, match="The last part of it that exists is"):
        fileio.read_bytes(folder / "no" / "such" / "file")
    with pytest.raises(DataError, match="is a folder"):
        fileio.read_bytes(folder)


def test_join():
    assert fileio.join("a", "b", "c.txt") == "a/b/c.txt"
    assert fileio.join("a", "/b") == "/b"
    assert fileio.join("", "b") == "b"
    assert fileio.join("s3://bucket/", "/b", "c") == "s3://bucket/b/c"
    assert fileio.join("a", "s3://b/c") == "s3://b/c"
    assert fileio.join("zip://sub::x.zip", "a.txt") == "zip://sub/a.txt::x.zip"
    assert fileio.join("zip://::x.zip", "a.txt") == "zip://a.txt::x.zip"
    assert fileio.is_absolute("s3://b")
    assert not fileio.is_absolute("b")


def test_held_data():
    with fileio.holding("x.jpg", b"data"):
        assert fileio.read_bytes("x.jpg") == b"data"
    with pytest.raises(MissingFileError):
        fileio.read_bytes("x.jpg")
