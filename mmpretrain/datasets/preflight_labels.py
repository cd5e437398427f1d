"""Recognising labels that are not class indices."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mmpretrain.datasets.places import place_of, root_of
from mmpretrain.datasets.preflight_problem import HARD, Problem
from mmpretrain.datasets.records import RecordTable

#: Samples whose labels are looked at one by one, evenly spread.
LOOKED_AT = 2000


def label_encoding(split: str, dataset: Any, num_classes: int | None) -> Iterator[Problem]:
    """Find labels that are 0/1 vectors, names, or lists where one index is wanted.

    Args:
        split: The split.
        dataset: A data set, or a wrapper.
        num_classes: Number of outputs of the head, if it is known.
    """
    if _has_indices(dataset):
        return
    labels = list(_labels(dataset))
    lists = [(index, label) for index, label in labels if _is_list(label)]
    names = [(index, label) for index, label in labels if isinstance(label, str)]
    names += [(index, label[0]) for index, label in lists if len(label) and isinstance(label[0], str)]
    if names:
        index, name = names[0]
        yield Problem(
            HARD,
            split,
            f"labels are names, such as {name!r} ({place_of(dataset, index)}), but indices of classes are "
            "wanted: write the position of each name in classes",
        )
        return
    yield from _vectors(split, dataset, lists, num_classes)


def _vectors(
    split: str, dataset: Any, lists: Sequence[tuple[int, Any]], num_classes: int | None
) -> Iterator[Problem]:
    """Find lists of one length of 0 and 1: indices of classes never repeat, and have no fixed number."""
    lengths = {len(label) for _, label in lists}
    if len(lengths) != 1 or len(lists) < 2 or lengths == {1}:
        return
    (length,) = lengths
    values = np.array([[float(value) for value in label] for _, label in lists])
    if not np.isin(values, (0.0, 1.0)).all():
        return
    repeats = any(len(set(row)) < len(row) for row in values.tolist())
    # Two indices of two classes would be in no order; vectors of length two are (0, 1) and (1, 0).
    both_orders = length == num_classes and len(np.unique(values, axis=0)) > 1
    if repeats or both_orders:
        first = lists[0][0]
        yield Problem(
            HARD,
            split,
            f"labels look like vectors of 0 and 1 of length {length}, such as {list(lists[0][1])} "
            f"({place_of(dataset, first)}), but indices of classes are wanted: "
            f"write {np.flatnonzero(values[0]).tolist()}",
        )


def _has_indices(dataset: Any) -> bool:
    """Whether the labels of a plain data set are whole numbers, which its table knows at once."""
    records = getattr(dataset, "_records", None)
    return isinstance(records, RecordTable) and records.integers("gt_label") is not None


def _labels(dataset: Any) -> Iterator[tuple[int, Any]]:
    """Yield labels with the samples that they belong to; of a large data set, some of them."""
    size = len(dataset)
    for index in np.unique(np.linspace(0, size - 1, min(size, LOOKED_AT)).astype(int)).tolist():
        plain, inner = root_of(dataset, index)
        if not hasattr(plain, "get_data_info"):
            return
        label = plain.get_data_info(inner).get("gt_label")
        if label is not None:
            yield index, label


def _is_list(label: Any) -> bool:
    if isinstance(label, np.ndarray):
        return label.ndim == 1
    is_sequence = isinstance(label, Sequence) and not isinstance(label, str)
    return is_sequence and all(isinstance(item, (str, numbers.Number)) for item in label)
