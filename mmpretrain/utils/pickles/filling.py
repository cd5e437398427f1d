"""Putting items into the containers that a pickle has made."""

from __future__ import annotations

import collections
import datetime
import math
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from mmpretrain.utils.pickles.objects import Constructor, PickleError, Placeholder


class PlainDict(dict):
    """What the config dicts of other libraries become."""


#: Dicts that may be filled, and types of keys whose hashes a file cannot make collide.
_DICTS = (dict, collections.OrderedDict, collections.Counter, PlainDict)
_TEXTS = {str, bool, type(None), bytes}
_KEYS = [
    np.generic, Placeholder, Constructor, PurePosixPath, datetime.date, datetime.time, datetime.timedelta,
]  # fmt: skip
#: Python's hash of a number is its remainder by a number of this size.
_HASHED = 1 << 61
_LONGEST_KEY = 64


def allow_keys(*kinds: type) -> None:
    """Let objects of further types be keys; their hashes must not depend on what a file says."""
    _KEYS.extend(kinds)


def check_keys(keys: list[Any]) -> None:
    """Refuse keys that cannot be hashed, or only in endless time.

    Raises:
        PickleError: Naming the type of the first one.
    """
    if {*map(type, keys)} <= _TEXTS:
        return
    for key in keys:
        _check_key(key, [_LONGEST_KEY])


def _check_key(key: Any, left: list[int]) -> None:
    left[0] -= 1
    kind = type(key)
    if left[0] < 0:
        raise PickleError("a key of a dict is a nest of tuples")
    if kind in _TEXTS or isinstance(key, tuple(_KEYS)):
        return
    if kind is int and abs(key) < _HASHED:
        return
    if kind is float and (not math.isfinite(key) or abs(key) < _HASHED):
        return
    if kind in (tuple, frozenset):
        for item in key:
            _check_key(item, left)
        return
    raise PickleError(f"a key of a dict is a {kind.__name__}")


def set_items(target: Any, items: list[Any]) -> None:
    """Put keys and values, which alternate, into a dict."""
    keys, values = items[::2], items[1::2]
    if len(keys) != len(values):
        raise PickleError("a dict has a key without a value")
    if type(target) is Placeholder:
        vars(target).setdefault("items", []).extend(zip(keys, values))
        return
    if type(target) not in _DICTS:
        raise PickleError(f"it sets items of a {type(target).__name__}")
    check_keys(keys)
    dict.update(target, zip(keys, values)) if type(target) is dict else _put(target, keys, values)


def _put(target: Any, keys: list[Any], values: list[Any]) -> None:
    # `dict.update` would bypass the order that an OrderedDict keeps; Counter.update adds.
    put: Callable[[Any, Any], None] = target.__setitem__
    for key, value in zip(keys, values):
        put(key, value)


def extend(target: Any, items: list[Any]) -> None:
    """Append items to a list."""
    if type(target) in (list, collections.deque):
        target.extend(items)
    elif type(target) is Placeholder:
        vars(target).setdefault("elements", []).extend(items)
    else:
        raise PickleError(f"it appends to a {type(target).__name__}")


def add_elements(target: Any, items: list[Any]) -> None:
    """Add elements to a set."""
    if type(target) is Placeholder:
        vars(target).setdefault("elements", []).extend(items)
        return
    if type(target) is not set:
        raise PickleError(f"it adds elements to a {type(target).__name__}")
    check_keys(items)
    target.update(items)
