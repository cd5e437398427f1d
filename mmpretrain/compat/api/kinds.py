"""Questions about the types of values, and conversions between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

Type = type | tuple[type, ...]
#: What labels and scores may be given as.
LABEL_TYPE = Tensor | np.ndarray | Sequence | int
SCORE_TYPE = Tensor | np.ndarray | Sequence | Mapping


def is_str(x: Any) -> bool:
    """Whether a value is a string."""
    return isinstance(x, str)


def is_filepath(x: Any) -> bool:
    """Whether a value is a path."""
    return isinstance(x, (str, Path))


def is_seq_of(seq: Any, expected_type: Type, seq_type: type | None = None) -> bool:
    """Whether a value is a sequence of items of one type.

    Args:
        seq: The value.
        expected_type: The type of its items, or several.
        seq_type: The type of the sequence itself; any by default.
    """
    return isinstance(seq, seq_type or Sequence) and all(isinstance(item, expected_type) for item in seq)


def is_list_of(seq: Any, expected_type: Type) -> bool:
    """Whether a value is a list of items of one type."""
    return is_seq_of(seq, expected_type, list)


def is_tuple_of(seq: Any, expected_type: Type) -> bool:
    """Whether a value is a tuple of items of one type."""
    return is_seq_of(seq, expected_type, tuple)


def iter_cast(inputs: Iterable[Any], dst_type: type, return_type: type | None = None) -> Any:
    """Convert each item of an iterable.

    Args:
        inputs: The items.
        dst_type: What each becomes.
        return_type: The container to return; an iterator by default.
    """
    converted = map(dst_type, inputs)
    return converted if return_type is None else return_type(converted)


def list_cast(inputs: Iterable[Any], dst_type: type) -> list[Any]:
    """Convert each item, and return a list."""
    return iter_cast(inputs, dst_type, list)


def tuple_cast(inputs: Iterable[Any], dst_type: type) -> tuple[Any, ...]:
    """Convert each item, and return a tuple."""
    return iter_cast(inputs, dst_type, tuple)


def slice_list(in_list: Sequence[Any], lens: int | Sequence[int]) -> list[list[Any]]:
    """Cut a list into pieces of given lengths; one length means equal pieces.

    Raises:
        ValueError: If the lengths do not add up to that of the list.
    """
    lengths = [lens] * (len(in_list) // lens) if isinstance(lens, int) else list(lens)
    if sum(lengths) != len(in_list):
        raise ValueError(f"Lengths {lengths} add up to {sum(lengths)}, but the list has {len(in_list)} items")
    items = iter(in_list)
    return [list(islice(items, length)) for length in lengths]


def concat_list(in_list: Iterable[Iterable[Any]]) -> list[Any]:
    """Join lists into one."""
    return list(chain.from_iterable(in_list))


def to_ntuple(n: int) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that repeats a value ``n`` times, and turns what is iterable into a tuple."""

    def parse(x: Any) -> tuple[Any, ...]:
        return tuple(x) if isinstance(x, Iterable) else tuple(repeat(x, n))

    return parse


to_1tuple = to_ntuple(1)
to_2tuple = to_ntuple(2)
to_3tuple = to_ntuple(3)
to_4tuple = to_ntuple(4)


def has_method(obj: object, method: str) -> bool:
    """Whether an object has a method of that name."""
    return callable(getattr(obj, method, None))


def is_method_overridden(method: str, base_class: type, derived_class: Any) -> bool:
    """Whether a subclass, or an object of it, has its own version of a method."""
    derived = derived_class if isinstance(derived_class, type) else type(derived_class)
    return getattr(derived, method) is not getattr(base_class, method)


def apply_to(data: Any, expr: Callable[[Any], bool], apply_func: Callable[[Any], Any]) -> Any:
    """Apply a function to the parts of nested containers for which ``expr`` is true."""
    if expr(data):
        return apply_func(data)
    if isinstance(data, Mapping):
        return type(data)((key, apply_to(value, expr, apply_func)) for key, value in data.items())  # type: ignore[call-arg]
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(apply_to(item, expr, apply_func) for item in data))
    if isinstance(data, (list, tuple)):
        return type(data)(apply_to(item, expr, apply_func) for item in data)
    return data


def merge_dict(*args: Mapping[str, Any]) -> dict[str, Any]:
    """Join dicts; of equal keys the last one counts."""
    return {key: value for part in args for key, value in part.items()}


def multi_apply(func: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[list[Any], ...]:
    """Call a function on the items of several lists, and return a list for each of its results."""
    return tuple(map(list, zip(*map(lambda *items: func(*items, **kwargs), *args))))
