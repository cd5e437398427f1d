"""Data sets of the Hugging Face hub."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmpretrain.datasets.encoded import EncodedDataset, check_source
from mmpretrain.datasets.labels import to_indices
from mmpretrain.datasets.lazy_list import LazyList
from mmpretrain.datasets.records import RecordTable, TextColumn, column_of
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.brief import brief, brief_text
from mmpretrain.utils.fileio import read_bytes
from mmpretrain.utils.optional import optional_import
from mmpretrain.utils.suggest import did_you_mean


def is_saved(path: str) -> bool:
    """Whether ``path`` is a folder that ``save_to_disk`` wrote."""
    return os.path.isdir(path) and bool({"dataset_info.json", "dataset_dict.json"} & {*os.listdir(path)})


def split_names(path: str, name: str | None = None) -> list[str]:
    """The splits of a data set.

    Args:
        path: As for :class:`HuggingFaceDataset`.
        name: Which configuration of the data set.

    Raises:
        DataError: If there is no such data set, or the hub cannot be reached.
    """
    library = optional_import("datasets", feature="Data from hf://", extra="data")
    with _explained(path):
        if is_saved(path):
            table = library.load_from_disk(path)
            return list(table) if isinstance(table, library.DatasetDict) else [str(table.split or "train")]
        return library.get_dataset_split_names(path, name)


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn what the library raises, which may be anything, into an error that names the data set."""
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"The library 'datasets' cannot load it: {type(error).__name__}: {reason}",
            where=f"hf://{path}",
            hint="Give the name on the hub, or a folder that save_to_disk wrote.",
        ) from error


@DATASETS.register_module()
class HuggingFaceDataset(EncodedDataset):
    """A split of a data set of the ``datasets`` library, memory-mapped and shared by all workers.

    Args:
        path: Name on the hub (``'org/name'``), a folder that ``datasets.load_dataset`` understands, or one
            that ``save_to_disk`` wrote.
        split: Which part.
        name: Which configuration of the data set.
        image: The column of images; by default the only one there is.
        label: The column of labels; None if there is none.
        load_args: Further arguments of ``datasets.load_dataset``.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    STORED = ("row",)

    def __init__(
        self,
        path: str,
        split: str = "train",
        name: str | None = None,
        image: str | None = None,
        label: str | None = "label",
        load_args: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        check_source(type(self), kwargs, "path", "split")
        self.path, self.split, self.name = os.path.expanduser(path), split, name
        self.image, self.label = image, label
        self.load_args = dict(load_args or {})
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        library = optional_import("datasets", feature="HuggingFaceDataset", extra="data")
        table = self._load(library)
        image = self._image_column(table, library)
        # Images stay encoded until the pipeline decodes them.
        self.table = table.select_columns([image]).cast_column(image, library.Image(decode=False))
        self.image = image
        where = f"{self.path}:{self.split}"
        columns = {
            "img_path": TextColumn.of([f"hf://{where}/{row}" for row in range(len(table))]),
            "row": column_of(list(range(len(table)))),
        }
        if self.label is not None:
            if self.label not in table.column_names:
                columns_there = brief_text(", ".join(map(brief, table.column_names)), 400)
                raise DataError(
                    f"There is no column {self.label!r}",
                    where=where,
                    hint=did_you_mean(self.label, table.column_names) or f"The columns are {columns_there}.",
                )
            classes = getattr(table.features[self.label], "names", None)
            if classes:
                self._metainfo.setdefault("classes", tuple(classes))
            values = table.with_format("numpy")[self.label][:].tolist()
            labels, found = to_indices(values, self.CLASSES, lambda row: f"{where}, row {row}")
            if found is not None:
                self.CLASSES = found
            columns["gt_label"] = column_of(labels)
        return LazyList(RecordTable(columns, len(table)))

    def _load(self, library: Any) -> Any:
        with _explained(self.path):
            if is_saved(self.path):
                table = library.load_from_disk(self.path)
                return table[self.split] if isinstance(table, library.DatasetDict) else table
            return library.load_dataset(self.path, self.name, split=self.split, **self.load_args)

    def _image_column(self, table: Any, library: Any) -> str:
        images = [key for key, kind in table.features.items() if isinstance(kind, library.Image)]
        if self.image is not None and self.image in images:
            return self.image
        if self.image is not None or len(images) != 1:
            raise ConfigError(
                f"image= must name one of the columns of images, which are {images}; got {self.image!r}",
                where=self.path,
            )
        return images[0]

    def read_image(self, record: dict[str, Any]) -> bytes:
        image = self.table[record["row"]][self.image]
        return image["bytes"] if image["bytes"] is not None else read_bytes(image["path"])

    def extra_repr(self) -> list[str]:
        return [f"Hugging Face data set: \t{self.path}", f"Split: \t{self.split}"]
