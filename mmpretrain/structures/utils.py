"""Conversions of labels and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import DataError

LabelLike: TypeAlias = "Tensor | np.ndarray | Sequence[int] | int"
ScoreLike: TypeAlias = "Tensor | np.ndarray | Sequence[float]"
ValueLike: TypeAlias = "Tensor | np.ndarray | Sequence[float] | float"

tensor_split = torch.tensor_split


def format_label(value: LabelLike) -> Tensor:
    """Return class indices as a 1-D tensor; a single index becomes a tensor of one."""
    if type(value) is int:
        return torch.full((1,), value)  # a third of the time of torch.tensor
    if isinstance(value, (Tensor, np.ndarray)) and value.ndim == 0:
        value = int(value.item())
    if isinstance(value, (int, np.integer)):
        return torch.full((1,), int(value))
    return _vector(value, torch.long, "A label is a class index or a sequence of class indices")


def format_score(value: ScoreLike) -> Tensor:
    """Return scores as a 1-D tensor; what is no tensor yet becomes ``float32``."""
    return _vector(value, torch.float32, "A score is a sequence of one number per class")


def format_value(value: ValueLike) -> Tensor:
    """Return quantities as a 1-D tensor of floating-point numbers; a single number becomes one of one."""
    if isinstance(value, (Tensor, np.ndarray)) and value.ndim == 0:
        value = float(value.item())
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return torch.full((1,), float(value))
    value = _vector(value, torch.float32, "A value is a number or a sequence of numbers")
    return value if value.is_floating_point() else value.float()


def value_names(meta: Mapping[str, Any] | None, count: int) -> tuple[str, ...]:
    """Return names of quantities: those of the data set, or else ``value``, or ``value_0``, ``value_1``, ...

    Args:
        meta: Meta information of a data set, which may have ``values``.
        count: Number of quantities.
    """
    names = (meta or {}).get("values")
    if isinstance(names, (list, tuple)) and len(names) == count and all(isinstance(n, str) for n in names):
        return tuple(names)
    return ("value",) if count == 1 else tuple(f"value_{index}" for index in range(count))


def _vector(value: Any, dtype: torch.dtype, expected: str) -> Tensor:
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(value).to(dtype)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        value = torch.tensor(value).to(dtype)
    elif not isinstance(value, Tensor):
        raise TypeError(f"{expected}, got {type(value).__name__}: {value!r}")
    if value.ndim != 1:
        raise DataError(f"{expected}, got one of shape {tuple(value.shape)}")
    return value


def cat_batch_labels(elements: Sequence[Tensor]) -> tuple[Tensor, list[int]]:
    """Join the labels of several samples.

    Returns:
        The labels one after the other, and the indices at which samples 2, 3, ... start.
    """
    starts = np.cumsum([len(element) for element in elements])
    return torch.cat(list(elements)), starts[:-1].tolist()


def batch_label_to_onehot(batch_label: Tensor, split_indices: Sequence[int], num_classes: int) -> Tensor:
    """Undo :func:`cat_batch_labels`, giving one-hot (many-hot) rows.

    Args:
        batch_label: The labels of all samples, one after the other.
        split_indices: Where samples 2, 3, ... start.
        num_classes: Number of classes C.

    Returns:
        (B, C) integers.

    Example:
        >>> batch_label_to_onehot(torch.tensor([0, 1, 0, 2]), [2], num_classes=4)
        tensor([[1, 1, 0, 0],
                [1, 0, 1, 0]])
    """
    rows = F.one_hot(batch_label, num_classes)
    if list(split_indices) == list(range(1, len(rows))):  # one label each
        return rows
    return torch.stack([part.sum(0) for part in torch.tensor_split(rows, list(split_indices))])


def label_to_onehot(label: LabelLike, num_classes: int) -> Tensor:
    """Return a (C,) one-hot (many-hot) vector of a label; a class that is named twice counts once.

    Raises:
        DataError: If a label is not a class.

    Example:
        >>> label_to_onehot([0, 2, 3], num_classes=5)
        tensor([1, 0, 1, 1, 0])
    """
    label = format_label(label)
    on_cpu = label.device.type == "cpu"  # elsewhere, a look at the values would wait for the device
    if on_cpu and len(label) and not 0 <= int(label.min()) <= int(label.max()) < num_classes:
        wrong = label[(label < 0) | (label >= num_classes)][0]
        raise DataError(
            f"There are {num_classes} classes, numbered from 0, and a label is {int(wrong)}",
            hint="Compare num_classes of the model with the classes of the data set.",
        )
    return F.one_hot(label, num_classes).sum(0).clamp(max=1)
