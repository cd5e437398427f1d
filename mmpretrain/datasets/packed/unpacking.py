"""Turning a packed split into files again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from mmpretrain.datasets.packed.index import NUMBER, PackIndex, PackTable
from mmpretrain.datasets.records import ENCODING
from mmpretrain.datasets.transforms.held import HeldPixels
from mmpretrain.utils.atomic import write_atomic

_JPEG = b"\xff\xd8\xff"


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
    taken: set[str] = set()
    for number, record in enumerate(PackTable(index, "")):
        image = index.image(record.pop(NUMBER))
        data = image if isinstance(image, bytes) else image.read()
        name = _name(str(record["img_path"]), data, isinstance(image, HeldPixels), number)
        if name.lower() in taken:
            name = f"{number}-{name}" if "/" not in name else f"{number}/{name}"
        taken.add(name.lower())
        path = out / split / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):  # it is a file and a folder
            name = f"{number}-{path.name}"
            path = out / split / name
            path.write_bytes(data)
        records.append({**record, "img_path": name})
        yield path
    content = {"metainfo": index.header["metainfo"], "data_list": records}
    text = json.dumps(content, default=_plain).encode()
    write_atomic(out / f"{split}.json", lambda file: file.write(text))


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
