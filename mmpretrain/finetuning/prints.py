"""Keeping fingerprints of image files, so that files that have not changed are not read again."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmpretrain.datasets.fingerprints import SIDE, Fingerprints, Print
from mmpretrain.errors import DataError
from mmpretrain.evaluation.record_files import read_arrays, reading
from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.fileio import is_local

logger = logging.getLogger(__name__)

#: Columns of a store: name -> type, and shape of a row.
_COLUMNS: dict[str, tuple[type, tuple[int, ...]]] = {
    "stamps": (np.int64, (2,)),
    "contents": (np.uint64, (2,)),
    "thumbs": (np.uint8, (SIDE, SIDE)),
    "tints": (np.float32, (2,)),
    "shapes": (np.int32, (2,)),
}
#: A store of more bytes is not read.
MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class PrintStore:
    """Fingerprints of files; a file is known by its path, its size and the time of its last change.

    Attributes:
        rows: Absolute path of a file -> its row.
        columns: Size and time in nanoseconds of each file, and its fingerprint, see :class:`Fingerprints`.
    """

    rows: dict[str, int] = field(default_factory=dict)
    columns: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> PrintStore:
        """Read a store; an empty one if there is none, or it cannot be used."""
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return cls()
        try:
            with reading(path):
                columns = read_arrays(path, {name: (kind,) for name, (kind, _) in _COLUMNS.items()})
                names = os.fsdecode(columns.pop("names").tobytes()).split("\0")
                for name, (_, shape) in _COLUMNS.items():
                    if columns[name].shape != (len(names), *shape):
                        raise ValueError(f"its {name} are of shape {columns[name].shape}")
        except DataError as error:
            logger.info("Fingerprints are computed again: %s", error)
            return cls()
        return cls({name: row for row, name in enumerate(names)}, columns)

    def find(self, path: str) -> Print | None:
        """Return the fingerprint of a file; None if it is not known, or the file has changed."""
        row = self.rows.get(os.path.abspath(path)) if self.rows and is_local(path) else None
        if row is None or _stamp(path) != tuple(self.columns["stamps"][row].tolist()):
            return None
        contents, thumbs, tints, shapes = (self.columns[name][row] for name in list(_COLUMNS)[1:])
        return Print(contents.tobytes(), thumbs, tints, tuple(shapes.tolist()))


def _stamp(path: str) -> tuple[int, int] | None:
    """Size and time of the last change of a file; None if there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns


def save_prints(path: Path, names: Sequence[str], prints: Fingerprints) -> None:
    """Write the fingerprints of local files that could be read.

    Args:
        path: Where to write.
        names: The files.
        prints: Their fingerprints.
    """
    readable = (i for i, name in enumerate(names) if is_local(name) and i not in prints.errors)
    stamps = {i: mark for i in readable if (mark := _stamp(names[i])) is not None}
    if not stamps:
        return
    chosen = prints.take(list(stamps))
    columns: dict[str, Any] = {
        "names": np.frombuffer(os.fsencode("\0".join(os.path.abspath(names[i]) for i in stamps)), np.uint8),
        "stamps": np.array(list(stamps.values()), np.int64),
        **{name: getattr(chosen, name) for name in list(_COLUMNS)[1:]},
    }
    write_atomic(path, lambda file: np.savez(file, **columns))
