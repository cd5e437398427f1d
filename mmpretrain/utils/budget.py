"""Limits for reading a file: memory in proportion to its size, and bounded nesting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from types import SimpleNamespace
from typing import Any

import numpy as np

#: A file of N bytes may take ``FACTOR * N + SLACK`` bytes of memory when it is read.
FACTOR = 64
SLACK = 16 << 20

#: Deepest nesting of containers; later code walks over them recursively.
DEPTH = 150

#: Most values are of these types, and hold nothing.
_ATOMS = frozenset({str, int, float, bool, bytes, type(None)})


class BudgetError(ValueError):
    """A file needs more memory, or nests deeper, than its size justifies."""


class Budget:
    """The memory that a file may still use.

    Args:
        size: Size of the file, bytes.
        factor: Bytes of memory for a byte of the file.
        slack: Bytes of memory for a file of any size.
    """

    def __init__(self, size: int, factor: int = FACTOR, slack: int = SLACK) -> None:
        self.size = size
        self.left = factor * size + slack

    def take(self, amount: int) -> None:
        """Count some bytes.

        Raises:
            BudgetError: If that is more than is left.
        """
        self.left -= amount
        if self.left < 0:
            raise BudgetError(f"it asks for far more memory than a file of {self.size:,} bytes can need")


def check_nest(
    value: Any,
    size: int,
    children: Callable[[Any], Iterable[Any] | None] | None = None,
    slack: int = 1 << 20,
) -> None:
    """Raise if containers are nested too deeply, contain themselves, or expand to a huge size.

    Nested containers can be small in memory and still endless to walk over, such as a list that holds a
    second list twice, which holds a third one twice, and so on.

    Args:
        value: The nest.
        size: Size of the file that it was read from, bytes.
        children: Returns the items of a container, and None for everything else.
        slack: How many items it may have besides two for a byte of the file.

    Raises:
        BudgetError: If it is one of these.
    """
    children = children or items_of
    left = 2 * size + slack
    level = [value]
    for _ in range(DEPTH):
        containers = [found for found in map(children, level) if found is not None]
        left -= sum(map(len, containers))  # type: ignore[arg-type]
        if left < 0:
            raise BudgetError("its containers hold each other so often that writing them out would never end")
        level = [item for item in chain.from_iterable(containers) if type(item) not in _ATOMS]
        if not level:
            return
    raise BudgetError(f"its containers lie more than {DEPTH} deep in each other, or contain themselves")


def items_of(value: Any) -> Iterable[Any] | None:
    """Return the items of a plain container (of a dict its keys too), and None for everything else."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return value
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, SimpleNamespace):
        return list(vars(value).values())
    if isinstance(value, np.ndarray) and value.dtype == object:
        return value.ravel().tolist()
    return None
