"""Telling a checkpoint from an error page of a server, without reading all of it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Literal

from mmpretrain.errors import CheckpointError

Kind = Literal["zip", "pickle", "safetensors", "tar"]

#: How many bytes are looked at.
HEAD = 1024
#: No header of a safetensors file is longer, in bytes.
LONGEST_HEADER = 100_000_000
#: First bytes of files that are mistaken for checkpoints, and what these files are.
OTHERS = (
    (b"\x89HDF", "an HDF5 file, as Keras writes it"),
    (b"\x1f\x8b", "a gzip archive: unpack it"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it"),
    (b"Rar!", "a RAR archive: unpack it"),
    (b"version https://git-lfs", "a Git LFS pointer, which only names the file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"%PDF", "a PDF"),
)


def kind_of(path: Path) -> Kind:
    """Return which kind of checkpoint a file is, as far as its beginning and its end tell.

    Raises:
        CheckpointError: If it is none, or cut off, with what it is instead.
    """
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(HEAD)
    if head[:4] == b"PK\x03\x04":
        _check_zip(path)
        return "zip"
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "pickle"
    if head[257:262] == b"ustar":
        return "tar"
    if (
        len(head) > 8
        and head[8:9] == b"{"
        and (length := int.from_bytes(head[:8], "little")) <= LONGEST_HEADER
    ):
        _check_safetensors(path, length, size)
        return "safetensors"
    raise CheckpointError(f"this is {_describe(head)}, and not a checkpoint")


def _describe(head: bytes) -> str:
    if not head:
        return "an empty file"
    for begin, name in OTHERS:
        if head.startswith(begin):
            return name
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<!--")):
        return "a web page"
    if text.startswith((b"{", b"[")):
        return "a JSON answer"
    printable = sum(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head)
    return "text" if printable > 0.95 * len(head) else "something else"


def _check_zip(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise CheckpointError("this is the beginning of a checkpoint: the rest is missing") from error
    if not any(name.rpartition("/")[2] == "data.pkl" for name in names):
        raise CheckpointError("this is a zip archive without weights in it, and not a checkpoint")


def _check_safetensors(path: Path, length: int, size: int) -> None:
    try:
        with open(path, "rb") as file:
            file.seek(8)
            header = json.loads(file.read(length))
        ends = [item["data_offsets"][1] for name, item in header.items() if name != "__metadata__"]
        whole = 8 + length + max(ends, default=0)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError("this is no whole safetensors file: its header cannot be read") from error
    if whole != size:
        raise CheckpointError(f"this safetensors file has {size} of {whole} bytes")
