"""Pickles as data: nothing that a file names is imported, called or changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmpretrain.utils.budget import check_nest
from mmpretrain.utils.pickles import arrays, plain
from mmpretrain.utils.pickles.machine import Machine
from mmpretrain.utils.pickles.objects import Constructor, PickleError, Placeholder, holds_placeholder

#: What a pickle may call, and how the states of the results are set.
CONSTRUCTORS: dict[str, Any] = {**plain.CONSTRUCTORS, **arrays.CONSTRUCTORS}
STATES = {**plain.STATES, **arrays.STATES}


def placeholder(path: str) -> Placeholder:
    """Let objects of an unknown class be placeholders."""
    return Placeholder(path)


def refuse(path: str) -> Placeholder:
    """Let there be no objects of an unknown class."""
    raise PickleError(f"it holds a {path}, which is not plain data")


def finder(
    constructors: dict[str, Any], unknown: Callable[[str], Any]
) -> Callable[[str, str], Constructor | Any]:
    """Return what looks names up for :class:`Machine`.

    Args:
        constructors: What stands for each name that is known.
        unknown: Called with a name that is not.
    """

    def find(module: str, name: str) -> Any:
        path = plain.canonical(module, name)
        found = constructors.get(path)
        return unknown(path) if found is None else found

    return find


def loads(data: bytes, encoding: str = "ASCII", unknown: Callable[[str], Any] = refuse) -> Any:
    """Read plain data: containers, numbers, texts, dates, NumPy arrays.

    Args:
        data: The pickle.
        encoding: Of the texts in pickles of Python 2.
        unknown: What to do about other classes.

    Raises:
        PickleError: If the pickle is damaged, or holds something else.
        BudgetError: If it would take memory, or time to walk over it, out of proportion to its size.
    """
    value = Machine(data, finder(CONSTRUCTORS, unknown), STATES, encoding=encoding).load()
    check_nest(value, len(data))
    return value


__all__ = [
    "CONSTRUCTORS",
    "STATES",
    "Constructor",
    "Machine",
    "PickleError",
    "Placeholder",
    "finder",
    "holds_placeholder",
    "loads",
    "placeholder",
    "refuse",
]
