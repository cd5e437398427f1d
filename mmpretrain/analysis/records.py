"""Finding the record of an evaluation that a user names."""

from __future__ import annotations

from pathlib import Path

from mmpretrain.analysis.results import load_results
from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.evaluation.record import Record, latest_record, record_of
from mmpretrain.evaluation.record_files import ARRAYS
from mmpretrain.evaluation.value_record import ValueRecord, has_values, load_record, value_record_of
from mmpretrain.utils.fileio import exists


def open_record(source: str) -> Record | ValueRecord:
    """Read the record that a path leads to.

    Args:
        source: A record (its folder, or its ``predictions.npz``); the folder of a run, of which the latest is
            taken; or predictions that ``test --out FILE.pkl`` saved.

    Raises:
        MissingFileError: If there is none.
        DataError: If it is not intact, or the predictions have neither scores and labels of classes, nor
            values.
    """
    path = Path(source)
    if source.endswith((".pkl", ".pickle", ".json")):
        try:
            results = load_results(source)
            return value_record_of(results) if all(map(has_values, results)) else record_of(results)
        except DataError as error:
            error.where = error.where or source
            raise
    if path.is_dir():
        return load_record(latest_record(path))
    if not exists(source):
        raise MissingFileError("there is no such record or run", where=source)
    return load_record(path)


def folder_of_run(source: str) -> Path | None:
    """Return the folder of the run that a record lies in, None if there is none."""
    path = Path(source)
    if path.suffix == ".npz":
        path = path.parent
    if not path.is_dir():
        return None
    return path.parent if (path / ARRAYS).is_file() else path
