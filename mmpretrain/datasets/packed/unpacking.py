"""Turning a packed split into files again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from mmpretrain.datasets.packed.index import NUMBER, PackIndex, PackTable
from mmpretrain.datasets.records import ENCODING
from mmpretrain.datasets.transforms.held import HeldPixels
from mmpretrain.utils.atomic import write_atomic

_JPEG = b"\xff\xd8\xff"
#: A name of more bytes does not become folders: file systems take about 4,000 for a whole path.
LONGEST = 1000


def unpack(folder: str, out: Path, split: str) -> Iterator[Path]:
    """Write the images of a packed split below ``out``, and ``out/SPLIT.json``, which lists them.

    Args:
        folder: The folder of the split.
        out: The folder to write; images go to its sub-folder ``split``.
        split: The name of the split.

    Yields:
        The files, one after the other. Stored files have the same bytes, pixels become PNG.
    """
    index = PackIndex(folder)
    records: list[dict[str, Any]] = []
    names = Names()
    for number, record in enumerate(PackTable(index, "")):
        image = index.image(record.pop(NUMBER))
        data = image if isinstance(image, bytes) else image.read()
        name = names.free(_name(str(record["img_path"]), data, isinstance(image, HeldPixels), number), number)
        path = out / split / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        records.append({**record, "img_path": name})
        yield path
    content = {"metainfo": index.header["metainfo"], "data_list": records}
    text = json.dumps(content, default=_plain).encode()
    write_atomic(out / f"{split}.json", lambda file: file.write(text))


class Names:
    """Names of files below a folder, of which no two are the same on any file system."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def free(self, name: str, number: int) -> str:
        """A name that is not taken: the one that is asked for, or one that begins with a number.

        Args:
            name: Folders and name.
            number: The number of the image.
        """
        base = name.rpartition("/")[2]
        beside = (f"{number}-" + "again-" * again + base for again in count())
        choices = chain([name] if len(name.encode(*ENCODING)) <= LONGEST else [], beside)
        chosen = next(choice for choice in choices if self._is_free(choice.lower()))
        self._files.add(chosen.lower())
        self._folders.update(_parents(chosen.lower()))
        return chosen

    def _is_free(self, name: str) -> bool:
        return (
            name not in self._files and name not in self._folders and self._files.isdisjoint(_parents(name))
        )


def _parents(name: str) -> list[str]:
    """The folders that a name lies in."""
    return [name[:end] for end, letter in enumerate(name) if letter == "/"]


def _name(stored: str, data: bytes, pixels: bool, number: int) -> str:
    """A name that stays below the folder, whatever the index says, and that says what is in the file."""
    parts = [part for part in PurePosixPath(stored.replace("\\", "/")).parts if part not in ("/", "..", ".")]
    safe = [_short(part.replace("\0", "_").replace(":", "_")) for part in parts] or [f"{number}"]
    stem, extension = os.path.splitext(safe[-1])
    if pixels:
        extension = ".png"
    elif data.startswith(_JPEG) and extension.lower() not in (".jpg", ".jpeg", ".jpe", ".jfif"):
        extension = ".jpg"
    elif not extension:
        extension = ".png" if data.startswith(b"\x89PNG") else ".jpg"
    return "/".join([*safe[:-1], stem + extension])


def _short(part: str) -> str:
    """The end of a name that is too long for a file system."""
    return part.encode(*ENCODING)[-200:].decode("utf-8", "ignore") if len(part) > 60 else part


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
