"""The three files of a record of an evaluation: arrays for programs, a table for people, and facts."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.brief import brief_text
from mmpretrain.utils.plain_data import finite
from mmpretrain.utils.text import csv_cell

ARRAYS, TABLE, FACTS = "predictions.npz", "predictions.csv", "facts.json"
#: What reading a damaged archive may raise; RuntimeError and NotImplementedError are about encryption and
#: unusual methods, OSError about places before the start of the file.
_BROKEN = (
    KeyError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    EOFError,
    RecursionError,
    RuntimeError,
    NotImplementedError,
    OSError,
)
#: Types that an array of a record may have.
Types = Mapping[str, Sequence[Any]]


def write_files(
    folder: str | Path,
    arrays: Mapping[str, np.ndarray],
    names: Mapping[str, Sequence[str]],
    rows: Iterable[Sequence[Any]],
    facts: Mapping[str, Any],
) -> None:
    """Write the files of a record atomically; the folder is created if needed.

    The arrays come last, and those of an earlier record go first: where they are, the record is complete.

    Args:
        folder: Where to.
        arrays: The arrays by name.
        names: Texts by name, kept beside the arrays.
        rows: Rows of the table, the headings first. Texts that a spreadsheet takes for a formula get a quote
            before them.
        facts: Plain data.
    """
    folder = Path(folder)
    stored = {**arrays, "names": np.frombuffer(json.dumps(names).encode(), np.uint8)}
    (folder / ARRAYS).unlink(missing_ok=True)

    def write_table(file: Any) -> None:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")  # with the mark, Excel reads UTF-8
        csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
        text.detach()

    write_atomic(folder / TABLE, write_table)
    text = json.dumps(finite(facts), indent=2, ensure_ascii=False, default=str)
    # JSON escapes bytes that are not UTF-8, as file names may have, in the same way.
    write_atomic(folder / FACTS, lambda file: file.write(text.encode("utf-8", "backslashreplace")))
    write_atomic(folder / ARRAYS, lambda file: np.savez(file, **stored))


def _cell(value: Any) -> Any:
    return csv_cell(value, keep="\n") if isinstance(value, str) else value


def find_arrays(source: str | Path) -> Path:
    """Return the file of the arrays of a record.

    Args:
        source: The folder of the record, or that file.

    Raises:
        MissingFileError: If there is none.
    """
    path = Path(source)
    path = path / ARRAYS if path.is_dir() else path
    if not path.is_file():
        raise MissingFileError(
            "there is no record of an evaluation",
            where=str(path),
            hint="mmpretrain test CONFIG CKPT writes one into the folder of the run.",
        )
    return path


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Report anything that is wrong with the files of a record as one error."""
    try:
        yield
    except _BROKEN as error:
        raise DataError(
            f"this is no record of an evaluation ({brief_text(str(error), 200)})", where=str(path)
        ) from error


def held_arrays(path: Path) -> set[str]:
    """Return the names of the arrays in a file."""
    with reading(path), zipfile.ZipFile(path) as archive:
        return {name.removesuffix(".npy") for name in archive.namelist()}


def read_arrays(path: Path, types: Types) -> dict[str, np.ndarray]:
    """Read the arrays. They must be uncompressed, so that none can be larger than the file."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for name, allowed in {**types, "names": (np.uint8,)}.items():
            entry = archive.getinfo(f"{name}.npy")
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > path.stat().st_size:
                raise ValueError(f"its {name} are compressed")
            data = archive.read(entry)
            stream = io.BytesIO(data)
            version = npy.read_magic(stream)
            read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
            shape, in_columns, dtype = read_header(stream)
            if in_columns or dtype not in allowed:
                raise ValueError(f"its {name} are of type {dtype}")
            arrays[name] = np.frombuffer(bytearray(data), dtype, offset=stream.tell()).reshape(shape)
    return arrays


def read_names(arrays: Mapping[str, np.ndarray], *keys: str) -> list[tuple[str, ...]]:
    """Return texts that are kept beside the arrays, by name."""
    names = json.loads(arrays["names"].tobytes())
    return [_texts(names[key]) for key in keys]


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError("its names are not texts")
    return tuple(values)


def read_facts(path: Path) -> dict[str, Any]:
    """Return the facts beside the file of the arrays; none if there is no such file."""
    path = path.with_name(FACTS)
    facts = json.loads(path.read_bytes()) if path.is_file() else {}
    if not isinstance(facts, dict):
        raise TypeError(f"{path.name} holds no facts by name")
    return facts
