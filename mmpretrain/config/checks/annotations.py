"""Does a config value fit the annotation of an argument?"""

from __future__ import annotations

import inspect
import os
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_LISTS = (list, tuple, set, frozenset, Sequence, Iterable)


def resolve(annotation: Any, target: Any) -> Any:
    """Return what the text of an annotation stands for; ``Any`` if that cannot be told."""
    if annotation is inspect.Parameter.empty:
        return Any
    if not isinstance(annotation, str):
        return annotation
    function = target.__init__ if inspect.isclass(target) else target
    try:
        return eval(annotation, getattr(inspect.unwrap(function), "__globals__", {}))
    except Exception:  # names that are imported for type checkers only
        return Any


def fits(value: Any, annotation: Any) -> bool:
    """Whether a value may be meant by an annotation; in doubt it may.

    Lists pass for tuples, numbers for numbers, and dicts for anything that can be built from one.
    """
    origin = typing.get_origin(annotation)
    if origin is typing.Union or origin is types.UnionType:
        return any(fits(value, part) for part in typing.get_args(annotation))
    if origin is typing.Literal:
        return value in typing.get_args(annotation)
    if annotation is None or annotation is type(None):
        return value is None
    if annotation in (int, float):
        return isinstance(value, (int, float))
    if annotation is bool:
        return isinstance(value, (bool, int))
    if annotation is str:
        return isinstance(value, (str, os.PathLike))
    if (origin or annotation) in _LISTS:
        return isinstance(value, (list, tuple, set, frozenset, str)) and not (
            isinstance(value, str) and (origin or annotation) in (list, tuple)
        )
    if (origin or annotation) in (dict, Mapping):
        return isinstance(value, Mapping)
    return True


def describe(annotation: Any) -> str:
    """Return an annotation as people write it."""
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return "one of " + ", ".join(map(repr, typing.get_args(annotation)))
    if origin is typing.Union or origin is types.UnionType:
        return " or ".join(describe(part) for part in typing.get_args(annotation))
    if origin is not None:
        return str(annotation).replace("typing.", "").replace("collections.abc.", "")
    return "None" if annotation is type(None) else getattr(annotation, "__name__", str(annotation))
