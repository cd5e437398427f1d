"""Tables with a JSON object a line."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from mmpretrain.errors import DataError
from mmpretrain.utils.fileio import read_text
from mmpretrain.utils.plain_data import parse_json


def read_json_lines(path: str) -> tuple[dict[str, list[Any]], Sequence[int]]:
    """Read a table with an object a line, whose keys are the columns; empty lines are left out.

    Returns:
        Name of a column -> its cells, None where a line lacks it; and the number of each line, from 1.

    Raises:
        DataError: If a line is no JSON object, or most objects lack most of the keys.
    """
    text = read_text(path)
    rows, lines = [], array("q")
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        row = parse_json(line, f"{path}:{number}")
        if not isinstance(row, dict):
            raise DataError("A line is not a JSON object", where=f"{path}:{number}")
        rows.append(row)
        lines.append(number)
    names = dict.fromkeys(name for row in rows for name in row)
    if len(names) * len(rows) > _MOST_CELLS + _CELLS * len(text):
        raise DataError("Its lines have few keys in common, so it is no table", where=path)
    return {name: [row.get(name) for row in rows] for name in names}, lines


#: A table of N characters may have so many cells, and so many more for each character.
_MOST_CELLS, _CELLS = 1_000_000, 8
