"""Images with labels, read from whatever describes them, to be split and trained on."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from mmpretrain.datasets import label_texts
from mmpretrain.datasets.custom import find_folders
from mmpretrain.datasets.from_spec import (
    TABLES,
    SplitSpec,
    dataset_from_spec,
    metadata_in,
    of_place,
    parts_of,
)
from mmpretrain.datasets.labelled_folder import PLACE_THEM, read_class_folders
from mmpretrain.datasets.labelled_table import SUFFIXES, Row, read_rows
from mmpretrain.datasets.labels import to_values
from mmpretrain.errors import DataError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.fileio import is_local, join
from mmpretrain.utils.suggest import did_you_mean

Task = Literal["single", "multi", "ordinal", "regression"]
#: Where one of so many images has several labels, a table is not taken for one with one label each.
CONTRADICTORY = 10
#: Samples of regression are split by so many quantiles of their values.
QUANTILES = 10


@dataclass(frozen=True)
class Labelled:
    """Samples with labels.

    Attributes:
        names: Where each image is: a path, or what its data set calls it.
        labels: The classes of each sample.
        classes: Names of the classes.
        task: ``'single'``; ``'multi'`` if a sample may have any number of classes; ``'ordinal'`` if classes
            have an order; ``'regression'`` for a number, where labels are quantiles, for splits only.
        config: Config of a data set of these samples in this order, without a pipeline; None if the images
            are files of their own, which a list can name.
        groups: A group of each sample, which may be empty.
        indices: Which samples of the data set that ``config`` describes these are; None for all.
        values: The number of each sample, for regression.
    """

    names: tuple[str, ...]
    labels: tuple[tuple[int, ...], ...]
    classes: tuple[str, ...]
    task: Task = "single"
    config: Mapping[str, Any] | None = None
    groups: tuple[str, ...] = ()
    indices: tuple[int, ...] | None = None
    values: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def take(self, chosen: Sequence[int]) -> Labelled:
        """Return some of the samples."""
        own = self.indices if self.indices is not None else range(len(self))
        return replace(
            self,
            names=tuple(self.names[i] for i in chosen),
            labels=tuple(self.labels[i] for i in chosen),
            groups=tuple(self.groups[i] for i in chosen) if self.groups else (),
            values=tuple(self.values[i] for i in chosen) if self.values else (),
            indices=None if self.config is None else tuple(own[i] for i in chosen),
        )

    def build(self) -> Any:
        """Build the data set, without labels and pipeline, so that its images can be read."""
        if self.config is not None:
            chosen = {} if self.indices is None else {"indices": list(self.indices)}
            return DATASETS.build({**self.config, **chosen})
        return _Files(self.names)


class _Files:
    """Image files as a data set whose images can be read."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def __len__(self) -> int:
        return len(self.names)

    def get_data_info(self, index: int) -> dict[str, Any]:
        """Return the path of an image."""
        return {"img_path": self.names[index], "sample_idx": index}


@dataclass(frozen=True)
class Parts:
    """Labelled samples, and which of them are set apart.

    Attributes:
        train: To be trained on, or to be split.
        val: For validation; None if they are not set apart.
        test: For the test; None if they are not set apart.
    """

    train: Labelled
    val: Labelled | None = None
    test: Labelled | None = None

    def named(self) -> dict[str, Labelled]:
        """Return the parts that exist, by name."""
        parts = {"train": self.train, "val": self.val, "test": self.test}
        return {name: part for name, part in parts.items() if part is not None}


def read_labelled(spec: str, task: Task | None = None, val: str | None = None) -> Parts:
    """Read images with labels.

    Args:
        spec: See :func:`~mmpretrain.datasets.from_spec.dataset_from_spec`. A folder may have sub-folders
            ``train``, ``val`` and ``test``, a table a column ``split``.
        task: What the labels are; by default the data tell: several labels, numbers with a point, or classes.
        val: Where samples for validation are, if ``spec`` does not have them.

    Raises:
        DataError: If there are fewer than two classes, or a part has classes that training does not have.
    """
    places: Mapping[str, SplitSpec] = parts_of(_absolute(spec))
    if val is not None:
        places = {**places, "val": _absolute(val)}
    found = {name: _read(place, task) for name, place in places.items()}
    train = found.pop("train")
    if isinstance(train, dict):  # a table with a column `split`
        found = {**{name: part for name, part in train.items() if name != "train"}, **found}
        train = train["train"]
    others: dict[str, Labelled] = {}
    for name, part in found.items():
        whole = next(iter(part.values())) if isinstance(part, dict) else part
        others[name] = _with_classes(whole, train, name)
    _require_classes(train, spec)
    return Parts(train, others.get("val"), others.get("test"))


def read_table(path: str, task: Task | None = None) -> dict[str, Labelled]:
    """Read a table of images with labels; of one without a column of the parts, all is for training.

    Args:
        path: See :func:`~mmpretrain.datasets.labelled_table.read_rows`.
        task: See :func:`read_labelled`.
    """
    found = _of_table(path, task)
    return found if isinstance(found, dict) else {"train": found}


def _absolute(spec: str) -> str:
    """Make a path absolute, as configs are kept, and used from other folders."""
    dataset_from_spec(spec)  # complains of what is not there
    return spec if "://" in spec else os.path.abspath(os.path.expanduser(spec))


def _require_classes(train: Labelled, spec: str) -> None:
    if train.task == "regression":
        if len(set(train.values)) < 2:
            raise DataError(f"all images of {spec!r} have the same value: nothing can be learned")
        return
    used = {label for several in train.labels for label in several}
    least = 1 if train.task == "multi" else 2
    if len(used) >= least:
        return
    only = train.classes[min(used)] if used else None
    raise DataError(
        f"{spec!r} has {len(train)} images of {len(used)} class{'es' * (len(used) != 1)}"
        f"{'' if only is None else f' ({only!r})'}: nothing can be told apart",
        hint=_deeper(join(spec, only) if only else "") or PLACE_THEM,
    )


def _deeper(folder: str) -> str | None:
    """Say that the classes may be one level below, if a folder has several inside."""
    inside = find_folders(folder) if os.path.isdir(folder) else []
    return f"It has the folders {', '.join(inside[:5])} inside: --data {folder}" if len(inside) > 1 else None


def _with_classes(part: Labelled, train: Labelled, name: str) -> Labelled:
    """Give the labels of a part the numbers that they have in training."""
    if part.task != train.task:
        raise DataError(f"samples of training have {_HOW_MANY[train.task]}, those of {name} not")
    if train.task == "regression":
        return part
    unknown = [one for one in part.classes if one not in train.classes]
    used = {part.classes[label] for several in part.labels for label in several}
    strange = sorted(used & set(unknown))
    if strange:
        raise DataError(
            f"{name} has the class {strange[0]!r}, and training does not: it has "
            f"{', '.join(train.classes[:10])}",
            hint=did_you_mean(strange[0], train.classes) or f"Add images of {strange[0]!r} to training.",
        )
    place = {one: number for number, one in enumerate(train.classes)}
    labels = tuple(tuple(place[part.classes[label]] for label in several) for several in part.labels)
    return replace(part, labels=labels, classes=train.classes)


_HOW_MANY = {
    "single": "one label each",
    "multi": "several labels each",
    "ordinal": "a rank each",
    "regression": "a number each",
}


def _read(place: SplitSpec, task: Task | None) -> Labelled | dict[str, Labelled]:
    if isinstance(place, str) and os.path.isdir(place) and not os.path.exists(join(place, "data.mdb")):
        listed = metadata_in(place)
        return (
            _as_task(Labelled(*read_class_folders(place)), task, place)
            if listed is None
            else _of_table(listed, task)
        )
    if isinstance(place, str) and os.path.splitext(place)[1].lower() in TABLES and "://" not in place:
        return _of_table(place, task)
    config = of_place(place) if isinstance(place, (str, list)) else dict(place)
    return _as_task(_of_dataset(config, task), task, config["type"])


_DIGITS = re.compile(r"-?\d+(?:\.\d+)?")


def _as_task(found: Labelled, task: Task | None, place: str) -> Labelled:
    """Return classes in their order, for a task in which they have one.

    Raises:
        DataError: If their names do not tell the order, or are no numbers.
    """
    if task == "multi" and found.task == "single":
        return replace(found, task="multi")
    if task not in ("ordinal", "regression"):
        return found
    matches = [_DIGITS.search(name) for name in found.classes]
    numbers = [float(match[0]) for match in matches if match]
    if len(set(numbers)) < len(found.classes) or found.task == "multi":
        raise DataError(
            f"the classes of {place!r} have no order: {', '.join(found.classes[:5])}",
            where="--task",
            hint="Give each name a number: 1 good, 2 worn, 3 broken.",
        )
    if task == "regression":
        return measured(replace(found, values=tuple(numbers[some[0]] for some in found.labels)))
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    rank = {old: new for new, old in enumerate(order)}
    labels = tuple((rank[some[0]],) for some in found.labels)
    return replace(found, labels=labels, classes=tuple(found.classes[i] for i in order), task="ordinal")


def measured(found: Labelled) -> Labelled:
    """Return samples with values as a task of regression, labelled by quantiles so that splits are alike."""
    values = np.asarray(found.values)
    limits = np.unique(np.quantile(values, np.linspace(0, 1, QUANTILES + 1)[1:-1]))
    labels = tuple((int(i),) for i in np.searchsorted(limits, values, "right"))
    return replace(found, labels=labels, classes=(), task="regression")


def _of_table(path: str, task: Task | None) -> Labelled | dict[str, Labelled]:
    rows, one_hot = read_rows(path)
    texts = [";".join(row.label) for row in rows]
    if one_hot:
        # Of columns that exclude each other, one is the class.
        exclusive = len(one_hot) > 1 and all(len(row.label) == 1 for row in rows)
        kind: Task = "multi" if task == "multi" or not exclusive else "single"
        labels = [tuple(i for i, name in enumerate(one_hot) if name in row.label) for row in rows]
        classes = one_hot
    else:
        if task == "regression" or (task is None and label_texts.are_measured(texts)):
            return _divide(_of_values(rows, texts, path), rows, path)
        kind = "multi" if task == "multi" or (task is None and label_texts.are_several(texts)) else "single"
        if kind == "multi":
            rows, texts = _merged(rows, texts)
            classes, labels = label_texts.several(texts)
        else:
            if task is None:
                _require_one_label(rows, path)
            classes, labels = label_texts.single(texts, lambda i: f"{path}:{rows[i].line}")
    named = any(row.group for row in rows)
    whole = Labelled(
        tuple(row.path for row in rows), tuple(labels), classes, kind,
        groups=tuple(row.group for row in rows) if named else (),
    )  # fmt: skip
    return _divide(_as_task(whole, task, path), rows, path)


def _merged(rows: Sequence[Row], texts: Sequence[str]) -> tuple[list[Row], list[str]]:
    """Join the labels of rows of one image."""
    first: dict[str, Row] = {}
    labels: dict[str, list[str]] = {}
    for row, text in zip(rows, texts):
        first.setdefault(row.path, row)
        labels.setdefault(row.path, []).append(text)
    mark = "|" if any("|" in text for text in texts) and not any(";" in text for text in texts) else ";"
    return list(first.values()), [mark.join(filter(None, several)) for several in labels.values()]


def _require_one_label(rows: Sequence[Row], path: str) -> None:
    """Refuse a table of which many images have several rows with different labels."""
    first: dict[str, Row] = {}
    more = [row for row in rows if first.setdefault(row.path, row).label != row.label]
    if len(more) * CONTRADICTORY < len(first) or not more:
        return
    other, one = first[more[0].path], more[0]
    raise DataError(
        f"{one.path} has the label {one.label[0]!r} here, and {other.label[0]!r} in line {other.line}",
        where=f"{path}:{one.line}",
        hint="If images have several labels: --task multi. If labels may contradict: --task single.",
    )


def _of_values(rows: Sequence[Row], texts: Sequence[str], path: str) -> Labelled:
    values = to_values({"label": texts}, lambda i: f"{path}:{rows[i].line}")[:, 0]
    named = any(row.group for row in rows)
    whole = Labelled(
        tuple(row.path for row in rows), (), (), groups=tuple(row.group for row in rows) if named else (),
        values=tuple(values.tolist()),
    )  # fmt: skip
    return measured(whole)


def _divide(whole: Labelled, rows: Sequence[Row], path: str) -> Labelled | dict[str, Labelled]:
    """Divide the samples of a table by its column of the parts."""
    parts: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        parts.setdefault(row.part, []).append(index)
    if set(parts) <= {"", "train"}:
        return whole
    if "train" not in parts and "" not in parts:
        raise DataError("no row is for training: none says train in the column of the parts", where=path)
    parts["train"] = sorted([*parts.pop("", []), *parts.get("train", [])])
    return {name: whole.take(chosen) for name, chosen in parts.items()}


def _of_dataset(config: dict[str, Any], task: Task | None) -> Labelled:
    """Any other data set, as it is."""
    if config["type"] == "CustomDataset" and not config.get("ann_file"):
        config["extensions"] = list(SUFFIXES)
    dataset = DATASETS.build(config)
    names, labels, groups = [], [], []
    multi = task == "multi"
    for index in range(len(dataset)):
        record = dataset.get_data_info(index)
        label: Any = record.get("gt_label")
        if label is None:
            raise DataError(f"sample {index} of the {config['type']} has no label: {record.get('img_path')}")
        several = np.atleast_1d(np.asarray(label, int))
        multi = multi or several.shape != (1,) or isinstance(label, (list, tuple))
        labels.append(tuple(several.tolist()))
        names.append(str(record.get("img_path", f"sample {index}")))
        groups.append(str(record.get("group") or ""))
    count = max((label for some in labels for label in some), default=-1) + 1
    classes = tuple(map(str, dataset.CLASSES or range(count)))
    if count > len(classes):
        raise DataError(f"there are labels up to {count - 1}, and only {len(classes)} classes")
    files = config["type"] in ("CustomDataset", "BaseDataset") and all(map(is_local, names))
    return Labelled(
        tuple(names), tuple(labels), classes, "multi" if multi else "single",
        config=None if files else config, groups=tuple(groups) if any(groups) else (),
    )  # fmt: skip
