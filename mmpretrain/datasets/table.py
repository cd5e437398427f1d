"""Images listed in a table: CSV, TSV, JSON lines or Parquet."""

from __future__ import annotations

import csv
import io
import os
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.datasets.json_lines import read_json_lines
from mmpretrain.datasets.labels import is_given, to_indices, to_values
from mmpretrain.datasets.lazy_list import LazyList
from mmpretrain.datasets.records import ArrayColumn, Block, Column, RecordTable, column_of
from mmpretrain.errors import DataError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.brief import brief, brief_text
from mmpretrain.utils.fileio import join, open_binary, read_text
from mmpretrain.utils.optional import optional_import
from mmpretrain.utils.suggest import did_you_mean

DELIMITERS = {".tsv": "\t", ".tab": "\t"}
#: A Parquet file of N bytes may have so many rows, and so many more for each of its bytes.
_MOST_ROWS, _ROWS = 1_000_000, 64


def _reads(wanted: str, cell: Any) -> bool:
    """Whether a cell reads as a text."""
    return str(cell) == wanted


@DATASETS.register_module()
class TableDataset(BaseDataset):
    """A table with a row for each image: a column of paths, and one of labels, by name or by index.

    Label names become classes in alphabetical order, unless ``classes`` or ``metainfo`` give another. For
    regression, ``value`` names the columns of the numbers to predict.

    Args:
        ann_file: A ``.csv``, ``.tsv``, ``.jsonl`` or ``.parquet`` file. The first row of a .csv or .tsv file
            names the columns; a line of a .jsonl file is an object with a key for each column.
        data_root: Folder, or URL, that ``ann_file`` and ``data_prefix`` are relative to.
        data_prefix: Folder that the paths are relative to.
        path: The column of paths.
        label: The column of labels; None if there is none. With ``value``, a table may lack it.
        value: The column, or columns, of numbers to predict; records get them as ``gt_value``.
        keep: Further columns to put into the records.
        where: Rows to use, by the value of a column: ``dict(split='train')``.
        delimiter: What separates columns; by default it follows from the file's name and first line.
        only_labelled: Leave out the rows without a label, which are an error otherwise.
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
        value: str | Sequence[str] | None = None,
        only_labelled: bool = False,
        **kwargs: Any,
    ) -> None:
        self.only_labelled = only_labelled
        self.path, self.label, self.keep = path, label, list(keep)
        self.value = [value] if isinstance(value, str) else list(value or ())
        self.where = dict(where or {})
        self.delimiter = delimiter
        super().__init__(ann_file=ann_file, data_root=data_root, data_prefix=data_prefix, **kwargs)
        if self.value:
            self._metainfo.setdefault("values", tuple(self.value))

    def load_data_list(self) -> list[dict]:
        labels = [self.label] if self.label else []
        columns, lines = self.read_columns([self.path, *labels, *self.value, *self.keep, *self.where])
        choices: list[tuple[str, Callable[[Any], bool]]] = [
            (key, partial(_reads, str(value))) for key, value in self.where.items()
        ]
        if self.only_labelled and self.label in columns:
            choices.append((self.label, is_given))
        for key, wanted in choices:
            chosen = [i for i, cell in enumerate(columns[key]) if wanted(cell)]
            columns = {name: [cells[i] for i in chosen] for name, cells in columns.items()}
            lines = [lines[i] for i in chosen]
        if not lines:
            return []
        prefix, paths = self.img_prefix, columns[self.path]
        for nothing in (None, ""):
            if nothing in paths:
                where = f"{self.ann_file}:{lines[paths.index(nothing)]}"
                raise DataError("A sample has no path", where=where)
        table: dict[str, Column] = {"img_path": column_of([join(prefix, str(path)) for path in paths])}

        def place(index: int) -> str:
            return f"{self.ann_file}:{lines[index]}"

        if self.label in columns:
            labels, found = to_indices(columns[self.label], self.CLASSES, place)
            if found is not None:
                self.CLASSES = found
            table["gt_label"] = column_of(labels)
        if self.value:
            values = to_values({name: columns[name] for name in self.value}, place)
            table["gt_value"] = ArrayColumn(Block(values))
        table.update((key, column_of(columns[key])) for key in self.keep)
        return LazyList(RecordTable(table, len(lines)))

    def header(self) -> list[str]:
        """Return the names of the columns."""
        if self._kind == ".parquet":
            with self._parquet() as table:
                return table.schema_arrow.names
        if self._kind == ".jsonl":
            return list(read_json_lines(self.ann_file)[0])
        reader = self._rows()
        with self._readable(reader):
            return next(reader, [])

    def read_columns(self, names: list[str]) -> tuple[dict[str, list[Any]], Sequence[int]]:
        """Return the columns that are needed and present, and the number of each row in the file."""
        if self._kind == ".jsonl":
            found, numbers = read_json_lines(self.ann_file)
            return {name: found[name] for name in self._present(names, list(found))}, numbers
        if self._kind == ".parquet":
            with self._parquet() as table:
                names = self._present(names, table.schema_arrow.names)
                columns = table.read(columns=names).to_pydict()
            return columns, range(1, len(columns[names[0]]) + 1)
        reader, lines = self._rows(), array("q")
        with self._readable(reader):
            header = next(reader, [])
            names = self._present(names, header)
            cells: list[list[Any]] = [[] for _ in names]
            places = [header.index(name) for name in names]
            for row in filter(None, reader):
                if len(row) <= max(places):
                    raise DataError("The row is too short", where=f"{self.ann_file}:{reader.line_num}")
                for place, column in zip(places, cells):
                    column.append(row[place])
                lines.append(reader.line_num)
        return dict(zip(names, cells)), lines

    @property
    def _kind(self) -> str:
        return os.path.splitext(self.ann_file)[1].lower()

    def _rows(self) -> Any:
        text = read_text(self.ann_file)
        delimiter = self.delimiter or DELIMITERS.get(self._kind) or _delimiter(text.partition("\n")[0])
        return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)

    @contextmanager
    def _readable(self, reader: Any) -> Iterator[None]:
        try:
            yield
        except csv.Error as error:
            raise DataError(
                f"This is not a readable table ({error})",
                where=f"{self.ann_file}:{reader.line_num}",
                hint="Look for a quotation mark that is not closed.",
            ) from error

    @contextmanager
    def _parquet(self) -> Iterator[Any]:
        parquet = optional_import("pyarrow.parquet", feature="Reading .parquet files", extra="data")
        with open_binary(self.ann_file) as file:
            try:
                table = parquet.ParquetFile(file)
                if table.metadata.num_rows > _MOST_ROWS + _ROWS * file.seek(0, os.SEEK_END):
                    raise DataError("It claims far more rows than its size can hold", where=self.ann_file)
                yield table
            except DataError:
                raise
            except (ValueError, OSError) as error:  # what Arrow's errors derive from
                raise DataError(
                    f"This is not an intact Parquet file ({error})", where=self.ann_file
                ) from error

    def _present(self, columns: Sequence[str], present: Sequence[str]) -> list[str]:
        """Return the columns to read, each once; with values, labels are optional."""
        if not present:
            raise DataError("The table is empty, it names no columns", where=self.ann_file)
        optional = self.label if self.value and self.label not in (*self.keep, *self.where) else None
        wanted = [name for name in dict.fromkeys(columns) if name != optional or name in present]
        for column in wanted:
            if column not in present:
                raise DataError(
                    f"There is no column {column!r}",
                    where=self.ann_file,
                    hint=did_you_mean(column, present)
                    or f"The columns are {brief_text(', '.join(map(brief, present)), 400)}.",
                )
        return wanted


def _delimiter(line: str) -> str:
    """What separates the columns of a .csv file: spreadsheets of some countries write no commas."""
    return "," if "," in line else next((mark for mark in ";\t" if mark in line), ",")
