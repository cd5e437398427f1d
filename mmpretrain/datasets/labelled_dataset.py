"""Tables with labels of any kind as a data set, read as ``finetune`` reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mmpretrain.config.wrapped import innermost
from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.datasets.labelled import Labelled, Task, read_table
from mmpretrain.datasets.labelled_table import COLUMNS, value_columns
from mmpretrain.datasets.part_names import Split
from mmpretrain.datasets.table import TableDataset
from mmpretrain.errors import DataError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.suggest import did_you_mean

#: The parts that stand for one, the best first.
_STAND_IN: dict[Split, tuple[Split, ...]] = {
    "train": ("train",),
    "val": ("val", "test"),
    "test": ("test", "val"),
}


@DATASETS.register_module()
class LabelledTable(BaseDataset):
    """A table of images with labels, as ``mmpretrain finetune --data`` takes it.

    Columns have any of the usual names, or the table has none; labels are classes, several classes separated
    by semicolons, a column of 0 and 1 for each class, or numbers. A column ``split`` names the parts.

    Args:
        ann_file: A ``.csv``, ``.tsv``, ``.jsonl`` or ``.parquet`` file; paths are relative to its folder.
        task: What the labels are; by default they tell.
        part: The part to use, of a table with several; None for all rows.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    def __init__(
        self, ann_file: str, task: Task | None = None, part: Split | None = None, **kwargs: Any
    ) -> None:
        self.kind: Task | None = task
        self.used_part: Split | None = part
        super().__init__(ann_file=ann_file, **kwargs)

    def load_data_list(self) -> list[dict]:
        parts = read_table(self.ann_file, self.kind)
        if self.used_part is not None and self.used_part not in parts:
            raise DataError(f"no row is for {self.used_part}", where=self.ann_file)
        chosen = list(parts.values()) if self.used_part is None else [parts[self.used_part]]
        if chosen[0].task != "regression":
            self.CLASSES = self.CLASSES or list(chosen[0].classes)
        places = [] if chosen[0].task == "regression" else self._numbers_of(chosen[0].classes)
        return [record for part in chosen for record in _records_of(part, places)]

    def _numbers_of(self, found: Sequence[str]) -> list[int]:
        """Return the number of each class of the table among those of the data set."""
        known = {str(name): place for place, name in enumerate(self.CLASSES)}
        for name in found:
            if name not in known:
                raise DataError(
                    f"{name!r} is none of the {len(known)} classes",
                    where=self.ann_file,
                    hint=did_you_mean(name, list(known)),
                )
        return [known[name] for name in found]

    def get_cat_ids(self, idx: int) -> list[int]:
        """Return the classes of a sample."""
        labels = self.get_data_info(idx)["gt_label"]
        return list(labels) if isinstance(labels, (list, tuple)) else [int(labels)]


def _records_of(part: Labelled, places: Sequence[int]) -> Iterator[dict[str, Any]]:
    if part.task == "regression":
        for name, value in zip(part.names, part.values):
            yield {"img_path": name, "gt_value": [value]}
        return
    for name, several in zip(part.names, part.labels):
        labels = [places[label] for label in several]
        yield {"img_path": name, "gt_label": labels if part.task == "multi" else labels[0]}


def as_labelled(cfg: dict[str, Any], split: Split | None = None, task: Task | None = None) -> dict[str, Any]:
    """Return the config of a data set, in which a table that is not plain is a :class:`LabelledTable`.

    Plain are tables with columns ``path`` and ``label``, of one class each, without a column of the parts.

    Args:
        cfg: See :func:`~mmpretrain.datasets.from_spec.dataset_from_spec`.
        split: What it is for; None for all that is held out, or else all.
        task: What the labels are; by default they tell.
    """
    table = innermost(cfg)
    path = table.get("ann_file", "")
    if table["type"] != "TableDataset" or "://" in path:
        return cfg
    names = [name.strip().lower() for name in TableDataset(path, label=None, lazy_init=True).header()]
    parted = any(name in names for name in COLUMNS["part"])
    if task in (None, "single") and {"path", "label"} <= set(names) and not parted and _found(path, table):
        return cfg
    inner: dict[str, Any] = {"type": "LabelledTable", "ann_file": path, **({"task": task} if task else {})}
    if parted:
        present = read_table(path, task)
        wanted = _STAND_IN[split or "val"]
        chosen = next((part for part in wanted if part in present and len(present) > 1), None)
        if chosen is not None:
            return {**inner, "part": chosen}
        if len(present) > 1 and "train" in present:
            inner["part"] = "train"
    return inner if cfg is table else {**cfg, "dataset": inner}


def with_values(cfg: dict[str, Any], names: Sequence[str], split: Split | None = None) -> dict[str, Any]:
    """Return the config of a data set, of which a table has the numbers that a model predicts.

    Args:
        cfg: See :func:`as_labelled`.
        names: What the columns were called in training.
        split: See :func:`as_labelled`.

    Raises:
        DataError: If the table has no such columns.
    """
    table = innermost(cfg)
    path = table.get("ann_file", "")
    if table["type"] != "TableDataset" or "://" in path:
        return cfg
    header = TableDataset(path, label=None, lazy_init=True).header()
    parted = any(name.strip().lower() in COLUMNS["part"] for name in header)
    if len(names) == 1 and (parted or "path" not in header):
        return as_labelled(cfg, split, "regression")
    table.update(label=None, value=value_columns(path, names))
    return cfg


def _found(path: str, table: dict[str, Any]) -> bool:
    """Whether the first image is where a plain table says; one written on Windows has other separators."""
    reader = TableDataset(path, data_prefix=table.get("data_prefix", ""), label=None, lazy_init=True)
    return not any("\\" in str(cell) for cell in reader.read_columns(["path"])[0]["path"][:1])
