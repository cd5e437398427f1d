"""Tables of images and labels whose columns have any of the usual names."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mmpretrain.datasets.custom import IMG_EXTENSIONS, MEASURED_EXTENSIONS
from mmpretrain.datasets.part_names import OWN_NAMES, part_called
from mmpretrain.datasets.table import TableDataset
from mmpretrain.errors import DataError
from mmpretrain.utils.brief import brief, brief_text
from mmpretrain.utils.fileio import exists, is_local, join

#: What a column is for -> the names that it may have, in lower case, the best first.
COLUMNS = {
    "path": ("path", "img_path", "image_path", "image", "img", "filename", "file_name", "file", "filepath"),
    "label": ("label", "labels", "class", "classes", "category", "target", "tags", "value"),
    "group": ("group", "group_id", "patient", "patient_id", "subject", "subject_id"),
    "part": ("split", "set", "subset", "part"),
}
#: Files that count as images where folders are searched: more than the kinds of 1.x.
SUFFIXES = (*IMG_EXTENSIONS, ".tiff", ".webp", ".gif")
#: So many rows tell which column holds paths, and how they are written.
LOOKED_AT = 20


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
    header = table.header()
    headless = any(map(_is_image, header))
    cells, lines = table.read_columns(list(dict.fromkeys(filter(str.strip, header))))
    if headless:  # the first row is one like any other
        cells, lines = {name: [name, *column] for name, column in cells.items()}, [1, *lines]
    roles = _roles(header, cells, headless, path)

    def cell(name: str | None, i: int) -> str:
        value = cells[name][i] if name else None
        return "" if value is None or value != value else str(value).strip()

    rows = []
    written = _writing([cell(roles.path, i) for i in range(min(len(lines), LOOKED_AT))], folder)
    for i, line in enumerate(lines):
        where = f"{path}:{line}"
        image, part = cell(roles.path, i), cell(roles.part, i)
        if not image:
            raise DataError("A sample has no path", where=where)
        if part and part_called(part) is None:
            raise DataError(
                f"{part!r} is no part of the data", where=where, hint=f"Say {', '.join(OWN_NAMES)}."
            )
        label = tuple(name for name in roles.flags if _is_set(cell(name, i), name, where))
        if not roles.flags:
            label = (cell(roles.label, i),)
        place = join(folder, written(image))
        rows.append(Row(place, label, cell(roles.group, i), part_called(part) or "", line))
    if not rows:
        raise DataError("The table has no rows", where=path)
    return rows, roles.flags


def value_columns(path: str, names: Sequence[str]) -> list[str]:
    """Return the columns of a table that hold the numbers which a model predicts.

    Args:
        path: The table.
        names: What the columns were called in the data that the model was trained on. Of one value, a column
            with a usual name, or the only other one, counts as well.

    Raises:
        DataError: If there are no such columns.
    """
    header = TableDataset(path, label=None, lazy_init=True).header()
    if set(names) <= set(header):
        return list(names)
    usual = [name for name in header if name.strip().lower() in COLUMNS["label"]]
    others = [name for name in header if name.strip().lower() not in COLUMNS["path"]]
    for found in (usual, others) if len(names) == 1 else ():
        if len(found) == 1:
            return found
    raise DataError(
        f"The table has no column of {', '.join(map(brief, names))}",
        where=path,
        hint=f"The columns are {brief_text(', '.join(map(brief, header)), 400)}.",
    )


def _is_image(text: object) -> bool:
    return isinstance(text, str) and text.strip().lower().endswith((*SUFFIXES, *MEASURED_EXTENSIONS))


def _writing(first: Sequence[str], folder: str) -> Callable[[str], str]:
    """Return how to turn a cell into a path: as it is, from Windows, or with the suffix that it lacks.

    Args:
        first: The cells of the first rows.
        folder: What they are relative to.
    """
    ways: list[Callable[[str], str]] = [str, lambda text: text.replace("\\", "/")]
    ways += [
        lambda text, suffix=suffix: text + suffix for each in SUFFIXES for suffix in (each, each.upper())
    ]
    if not is_local(folder):
        return str
    return next((way for way in ways if any(exists(join(folder, way(cell))) for cell in first if cell)), str)


class _Roles(NamedTuple):
    """The column for each role; None if there is none, and those of classes that have one each."""

    path: str
    label: str | None
    group: str | None
    part: str | None
    flags: tuple[str, ...]


def _roles(header: list[str], cells: Mapping[str, Sequence[Any]], headless: bool, path: str) -> _Roles:
    if not any(name.strip() for name in header):
        raise DataError("The table is empty", where=path, hint="Its first line is: path,label")
    lower = {name.strip().lower(): name for name in reversed(header)}
    found = {
        role: next((lower[name] for name in names if name in lower), None) for role, names in COLUMNS.items()
    }
    if found["path"] is None:  # a column of another name, in which all cells are names of images
        looks = (name for name, column in cells.items() if column and all(map(_is_image, column[:LOOKED_AT])))
        found["path"] = next(looks, None)
    shown = brief_text(", ".join(map(brief, header)), 400)
    if found["path"] is None:
        raise DataError(
            "No column holds the paths of images",
            where=path,
            hint=f"Call it path. The columns are {shown}.",
        )
    others = tuple(name for name in cells if name not in found.values())
    if found["label"] is None and len(others) == 1 and not _are_flags(cells[others[0]]):
        found["label"], others = others[0], ()
    if found["label"] is not None:
        return _Roles(found["path"], found["label"], found["group"], found["part"], ())
    if headless:
        raise DataError("The first line does not name the columns", where=path, hint="Write: path,label")
    if not others:
        raise DataError(
            "No column holds the labels", where=path, hint=f"Call it label. The columns are {shown}."
        )
    return _Roles(found["path"], None, found["group"], found["part"], others)


def _are_flags(column: Sequence[Any]) -> bool:
    return all(str(cell).strip().lower() in (*_YES, *_NO) for cell in column[:LOOKED_AT])


_YES, _NO = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no", "", "none", "nan")


def _is_set(text: str, column: str, where: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise DataError(
        f"The column {column!r} says {brief(text)}, and not 0 or 1",
        where=where,
        hint="Call a column with the names of classes label; without one, each further column is a class.",
    )
