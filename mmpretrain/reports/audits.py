"""What an audit of the data says about the images of a test."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmpretrain.errors import DataError, MissingFileError

TABLE = "audit.csv"
#: Longest table that is read.
MAX_BYTES = 256 * 2**20
_COLUMNS = {"kind", "name", "other"}


@dataclass(frozen=True)
class AuditFacts:
    """The findings of an audit, as far as a report shows them.

    Attributes:
        counts: Kind of finding -> number, in the order of the table.
        leaked: The images of the test that are in training, too, (L,).
        accuracy: Accuracy in percent without these; NaN if there are none, or nothing else.
    """

    counts: dict[str, int] = field(default_factory=dict)
    leaked: tuple[int, ...] = ()
    accuracy: float = float("nan")


def read_audit(path: str | Path, paths: Sequence[str], right: np.ndarray) -> AuditFacts:
    """Read the table of an audit, and find its leaks among the images of a test.

    Args:
        path: ``audit.csv``, or its folder.
        paths: Where each image of the test comes from.
        right: Whether each prediction is right, (N,).

    Raises:
        MissingFileError, DataError: If it is no such table.
    """
    path = Path(path)
    path = path / TABLE if path.is_dir() else path
    if not path.is_file():
        raise MissingFileError(f"there is no {path}", hint="mmpretrain audit DATA writes one.", key="audit")
    if path.stat().st_size > MAX_BYTES:
        raise DataError("this table is too long for one of an audit", where=str(path))
    try:
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        if not set(reader.fieldnames or ()) >= _COLUMNS:
            raise ValueError(f"it has no columns {', '.join(sorted(_COLUMNS))}")
        rows = [(row["kind"] or "", row["name"] or "", row["other"] or "") for row in reader]
    except (ValueError, csv.Error) as error:
        raise DataError(f"this is no table of an audit ({error})", where=str(path)) from error
    ends = {_plain(end) for kind, name, other in rows if kind == "leak" for end in (name, other) if end}
    leaked = tuple(index for index, place in enumerate(paths) if _is_among(place, ends))
    return AuditFacts(dict(Counter(kind for kind, _, _ in rows)), leaked, _without(leaked, right))


def audit_of_leaks(leaked: Sequence[int], right: np.ndarray) -> AuditFacts:
    """Return what is known if only leaks were looked for.

    Args:
        leaked: Samples that are in training, too.
        right: Whether each prediction is right, (N,).
    """
    return AuditFacts({"leak": len(leaked)}, tuple(leaked), _without(leaked, right))


def _without(leaked: Sequence[int], right: np.ndarray) -> float:
    """Accuracy in percent of the samples that have not leaked; NaN if none has, or all have."""
    rest = np.ones(len(right), bool)
    rest[list(leaked)] = False
    return 100 * float(right[rest].mean()) if leaked and rest.any() else float("nan")


def _plain(name: str) -> str:
    """Return a name without the mark that keeps spreadsheets from computing it."""
    return name.removeprefix("'").replace("\\", "/")


def _is_among(path: str, ends: set[str]) -> bool:
    """Whether the end of a path, of two parts or more, is one of some names."""
    parts = path.replace("\\", "/").split("/")
    return path in ends or any("/".join(parts[start:]) in ends for start in range(len(parts) - 1))
