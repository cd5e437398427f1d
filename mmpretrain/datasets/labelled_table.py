"""Tables of images and labels whose columns have any of the usual names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

from mmpretrain.datasets.from_spec import OWN_NAMES
from mmpretrain.datasets.table import TableDataset
from mmpretrain.errors import DataError
from mmpretrain.utils.brief import brief, brief_text
from mmpretrain.utils.fileio import join

#: What a column is for -> the names that it may have, in lower case, the best first.
COLUMNS = {
    "path": ("path", "img_path", "image_path", "image", "img", "filename", "file_name", "file", "filepath"),
    "label": ("label", "labels", "class", "classes", "category", "target", "tags", "value"),
    "group": ("group", "group_id", "patient", "patient_id", "subject", "subject_id"),
    "part": ("split", "set", "subset", "part"),
}
#: What a row may say in the column of the parts -> the part.
PARTS = {"": "", **{name: part for part, names in OWN_NAMES.items() for name in names}}


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        path: The image.
        label: The text of its label; or the names of the columns that say 1 for it.
        group: Its group, perhaps empty.
        part: ``'train'``, ``'val'``, ``'test'`` or empty.
        line: Where it stands.
    """

    path: str
    label: tuple[str, ...]
    group: str
    part: str
    line: int


def read_rows(path: str) -> tuple[list[Row], tuple[str, ...]]:
    """Read a table.

    Args:
        path: A .csv, .tsv or .parquet file with a column of paths, relative to its folder, and either a
            column of labels, or a column with 0 and 1 for each class.

    Returns:
        The rows, and the names of the classes if each has a column of its own.

    Raises:
        DataError: If there are no such columns, or a cell is not as it should be.
    """
    folder = os.path.dirname(path)
    table = TableDataset(path, data_prefix=folder, label=None, lazy_init=True)
    roles = _roles(table.header(), path)
    cells, lines = table.read_columns(list(dict.fromkeys([*filter(None, roles[:4]), *roles.flags])))

    def cell(name: str | None, i: int) -> str:
        value = cells[name][i] if name else None
        return "" if value is None or value != value else str(value).strip()

    rows = []
    for i, line in enumerate(lines):
        where = f"{path}:{line}"
        image, part = cell(roles.path, i), cell(roles.part, i).lower()
        if not image:
            raise DataError("A sample has no path", where=where)
        if part not in PARTS:
            raise DataError(
                f"{part!r} is no part of the data", where=where, hint=f"Say {', '.join(OWN_NAMES)}."
            )
        label = tuple(name for name in roles.flags if _is_set(cell(name, i), name, where))
        if not roles.flags:
            label = (cell(roles.label, i),)
        rows.append(Row(join(folder, image), label, cell(roles.group, i), PARTS[part], line))
    if not rows:
        raise DataError("The table has no rows", where=path)
    return rows, roles.flags


class _Roles(NamedTuple):
    """The column for each role; None if there is none, and those of classes that have one each."""

    path: str
    label: str | None
    group: str | None
    part: str | None
    flags: tuple[str, ...]


def _roles(header: list[str], path: str) -> _Roles:
    lower = {name.strip().lower(): name for name in reversed(header)}
    found = {
        role: next((lower[name] for name in names if name in lower), None) for role, names in COLUMNS.items()
    }
    shown = brief_text(", ".join(map(brief, header)), 400)
    if found["path"] is None:
        raise DataError(
            "No column holds the paths of images",
            where=path,
            hint=f"Call it path. The columns are {shown}.",
        )
    flags: tuple[str, ...] = ()
    if found["label"] is None:
        flags = tuple(name for name in header if name not in found.values() and name.strip())
    if found["label"] is None and not flags:
        raise DataError(
            "No column holds the labels", where=path, hint=f"Call it label. The columns are {shown}."
        )
    return _Roles(found["path"], found["label"], found["group"], found["part"], flags)


def _is_set(text: str, column: str, where: str) -> bool:
    if text.lower() in ("1", "1.0", "true", "yes"):
        return True
    if text.lower() in ("0", "0.0", "false", "no", ""):
        return False
    raise DataError(
        f"The column {column!r} says {brief(text)}, and not 0 or 1",
        where=where,
        hint="Call a column with the names of classes label; without one, each further column is a class.",
    )
