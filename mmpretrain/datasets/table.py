"""Images listed in a table: CSV, TSV or Parquet."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.datasets.labels import to_indices
from mmpretrain.errors import DataError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.fileio import join, open_binary, read_text
from mmpretrain.utils.optional import optional_import
from mmpretrain.utils.suggest import did_you_mean

DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}


@DATASETS.register_module()
class TableDataset(BaseDataset):
    """A table with a row for each image: a column of paths, and one of labels, by name or by index.

    Label names become classes in alphabetical order, unless ``classes`` or ``metainfo`` give another.

    Args:
        ann_file: A ``.csv``, ``.tsv`` or ``.parquet`` file; the first row of a text file names the columns.
        data_root: Folder, or URL, that ``ann_file`` and ``data_prefix`` are relative to.
        data_prefix: Folder that the paths are relative to.
        path: The column of paths.
        label: The column of labels; None if there is none.
        keep: Further columns to put into the records.
        where: Rows to use, by the value of a column: ``dict(split='train')``.
        delimiter: What separates columns; by default it follows from the file's name.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = "",
        data_prefix: str | Mapping[str, str] = "",
        path: str = "path",
        label: str | None = "label",
        keep: Sequence[str] = (),
        where: Mapping[str, Any] | None = None,
        delimiter: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.path, self.label, self.keep = path, label, list(keep)
        self.where = dict(where or {})
        self.delimiter = delimiter
        super().__init__(ann_file=ann_file, data_root=data_root, data_prefix=data_prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        columns = [self.path, *([self.label] if self.label else []), *self.keep, *self.where]
        rows, numbers = self._read(list(dict.fromkeys(columns)))
        for key, value in self.where.items():
            chosen = [i for i, row in enumerate(rows) if str(row[key]) == str(value)]
            rows, numbers = [rows[i] for i in chosen], [numbers[i] for i in chosen]
        records: list[dict[str, Any]] = [
            {"img_path": join(self.img_prefix, str(row[self.path]))} for row in rows
        ]
        if self.label:
            values = ["" if row[self.label] is None else row[self.label] for row in rows]
            labels, found = to_indices(values, self.CLASSES, lambda i: f"{self.ann_file}:{numbers[i]}")
            if found is not None:
                self.CLASSES = found
            for record, index in zip(records, labels):
                record["gt_label"] = index
        for record, row in zip(records, rows):
            record.update((key, row[key]) for key in self.keep)
        return records

    def _read(self, columns: list[str]) -> tuple[list[dict[str, Any]], list[int]]:
        """Rows with the columns that are needed, and the number of each in the file."""
        if os.path.splitext(self.ann_file)[1].lower() == ".parquet":
            return self._read_parquet(columns)
        delimiter = self.delimiter or DELIMITERS.get(os.path.splitext(self.ann_file)[1].lower(), ",")
        reader = csv.DictReader(io.StringIO(read_text(self.ann_file), newline=""), delimiter=delimiter)
        self._check(columns, reader.fieldnames or [])
        rows, numbers = [], []
        for row in reader:
            if row[columns[-1]] is None or any(row[column] is None for column in columns):
                raise DataError("The row is too short", where=f"{self.ann_file}:{reader.line_num}")
            rows.append(row)
            numbers.append(reader.line_num)
        return rows, numbers

    def _read_parquet(self, columns: list[str]) -> tuple[list[dict[str, Any]], list[int]]:
        parquet = optional_import("pyarrow.parquet", feature="Reading .parquet files", extra="data")
        with open_binary(self.ann_file) as file:
            try:
                table = parquet.ParquetFile(file)
                self._check(columns, table.schema_arrow.names)
                rows = table.read(columns=columns).to_pylist()
            except (ValueError, OSError) as error:  # what Arrow's errors derive from
                if isinstance(error, DataError):
                    raise
                raise DataError(
                    f"This is not an intact Parquet file ({error})", where=self.ann_file
                ) from error
        return rows, list(range(1, len(rows) + 1))

    def _check(self, columns: Sequence[str], present: Sequence[str]) -> None:
        if not present:
            raise DataError("The table is empty, it names no columns", where=self.ann_file)
        for column in columns:
            if column not in present:
                raise DataError(
                    f"There is no column {column!r}",
                    where=self.ann_file,
                    hint=did_you_mean(column, present) or f"The columns are {', '.join(map(repr, present))}.",
                )
