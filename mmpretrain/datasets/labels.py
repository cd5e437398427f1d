"""Converting labels in annotation files to class indices, and texts to numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mmpretrain.errors import DataError
from mmpretrain.utils.brief import brief
from mmpretrain.utils.suggest import did_you_mean

#: What is written for an index; spreadsheets make "3.0" of 3 where other cells are empty.
WHOLE_NUMBER = re.compile(r"-?\d+(\.0+)?")


def to_indices(
    values: Sequence[str | float | None], classes: Sequence[str] | None, where: Callable[[int], str]
) -> tuple[list[int], tuple[str, ...] | None]:
    """Turn labels into class indices.

    Labels that are all among ``classes`` are names, labels that are all whole numbers are indices; labels of
    which none is a number are names of classes, which are sorted if ``classes`` does not give their order.

    Args:
        values: A label for each sample.
        classes: The class names, if known.
        where: Says where the label of the i-th sample stands.

    Returns:
        The indices, and the class names if they were found out.

    Raises:
        DataError: If a label is empty or not among the classes, or if names and indices are mixed.
    """
    position = {name: index for index, name in enumerate(classes or ())}
    written = [str(value) if is_given(value) else "" for value in values]
    # A folder may be called "cat ", but a cell with blanks around a name means the name.
    names = [name if name in position else name.strip() for name in written]
    if "" in names:
        raise DataError("A sample has no label", where=where(names.index("")))
    if not all(name in position for name in names):
        is_number = [WHOLE_NUMBER.fullmatch(name) is not None for name in names]
        if all(is_number):
            return [int(float(name)) for name in names], None
        if classes is not None:
            unknown = next(i for i, name in enumerate(names) if name not in position)
            raise DataError(
                f"{names[unknown]!r} is not one of the {len(classes)} classes",
                where=where(unknown),
                hint=did_you_mean(names[unknown], classes),
            )
        if any(is_number):
            name, number = is_number.index(False), is_number.index(True)
            raise DataError(
                f"{names[name]!r} is the name of a class, but {names[number]!r} ({where(number)}) an index",
                where=where(name),
                hint="Use names or indices for all samples, or list all names in classes=.",
            )
        found = tuple(sorted(set(names)))
        return to_indices(names, found, where)[0], found
    return [position[name] for name in names], None


def to_values(columns: Mapping[str, Sequence[Any]], where: Callable[[int], str]) -> np.ndarray:
    """Turn columns of numbers, or of texts that are numbers, into an array.

    Args:
        columns: Name of a column to its cells.
        where: Says where the i-th cell stands.

    Returns:
        float32, (N, D), D being the number of columns.

    Raises:
        DataError: If a cell is no finite number.
    """
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
        parsed = [np.array([_number(cell) for cell in cells], np.float32) for cells in columns.values()]
    for (name, cells), numbers in zip(columns.items(), parsed):
        if not (finite := np.isfinite(numbers)).all():
            bad = int(finite.argmin())
            raise DataError(
                f"The value of {name!r} must be a finite number, got {brief(cells[bad])}", where=where(bad)
            )
    return np.stack(parsed, axis=1)


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return float("nan")


def is_given(label: Any) -> bool:
    """Whether a cell of a table has a label: libraries give None, or NaN, which differs from itself."""
    return not (label is None or label != label or str(label).strip() == "")


def label_indices(label: Any, where: str | None = None) -> list[int]:
    """The classes of a sample, as integers.

    Args:
        label: ``gt_label`` of its record: one class, or several.
        where: What the sample is, for messages.

    Raises:
        DataError: If it is none.
    """
    if label is None:
        raise DataError("A sample has no label", where=where)
    try:
        several = np.asarray(label).reshape(-1).tolist()
        whole = [int(value) for value in several if isinstance(value, int | float)]
    except (ValueError, OverflowError):  # NaN, infinity, or lists of different lengths
        several, whole = [label], []
    if whole != several:
        raise DataError(
            f"A label is the number of a class, or several of them, got {brief(label)}", where=where
        )
    return whole


def single_labels(dataset: Any) -> np.ndarray | None:
    """The class of each sample, (N,); None if samples have several classes, or none."""
    try:
        labels = np.asarray(dataset.get_gt_labels())
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return labels if labels.ndim == 1 and labels.dtype.kind in "iu" else None
