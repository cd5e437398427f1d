"""Names of strangers as a page shows them: short, on one line, without marks that turn the writing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from mmpretrain.evaluation.record import Record
from mmpretrain.evaluation.value_record import ValueRecord
from mmpretrain.utils.text import visible

#: Characters of the name of a class, and of a path, of which the end counts.
CLASS, PATH = 80, 240

AnyRecord = TypeVar("AnyRecord", Record, ValueRecord)


def class_name(name: str) -> str:
    """Return the name of a class as it is shown."""
    shown = visible(name[: 2 * CLASS]).strip() or "–"
    return shown if len(shown) <= CLASS else f"{shown[: CLASS - 1]}…"


def path_name(path: str) -> str:
    """Return a path as it is shown."""
    shown = visible(path[-2 * PATH :])
    return shown if len(shown) <= PATH else f"…{shown[1 - PATH :]}"


def with_shown_names(record: AnyRecord) -> AnyRecord:
    """Return a record whose classes, or values, have names that can be shown; paths are as they were."""
    if isinstance(record, ValueRecord):
        return replace(record, names=_all(record.names))
    return replace(record, classes=_all(record.classes))


def _all(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(class_name, names))
