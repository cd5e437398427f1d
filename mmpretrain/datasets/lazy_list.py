"""A list whose items are made on first access."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

#: Methods that need the items. Whatever else a list can do is built on these.
_NEED_ITEMS = (
    "__add__", "__contains__", "__delitem__", "__eq__", "__ge__", "__getitem__", "__gt__", "__iadd__",
    "__imul__", "__iter__", "__le__", "__lt__", "__mul__", "__ne__", "__repr__", "__reversed__", "__rmul__",
    "__setitem__", "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove",
    "reverse", "sort",
)  # fmt: skip


class LazyList(list[T], Generic[T]):
    """A real list, filled from ``source`` at the first access to an item.

    Until then ``source`` holds the same items in a compact form, which code that knows about it may use
    directly; afterwards ``source`` is None, because the items may have been changed.

    Args:
        source: Something with a length whose iteration gives the items.
    """

    def __init__(self, source: Any) -> None:
        super().__init__()
        self.source: Any = source

    def _fill(self) -> None:
        source, self.source = self.source, None
        if source is not None:
            super().extend(source)

    def __len__(self) -> int:
        return super().__len__() if self.source is None else len(self.source)

    def __bool__(self) -> bool:
        return len(self) > 0

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (LazyList, (self.source,)) if self.source is not None else (list, (list(self),))

    def pin_memory(self) -> LazyList[T]:
        """Stay as it is: torch would look at each item."""
        return self

    def __copy__(self) -> list[T]:
        return list(self)

    def __radd__(self, other: Iterable[T]) -> list[T]:
        return [*other, *self]


def _filled_first(name: str) -> Callable[..., Any]:
    method = getattr(list, name)

    def call(self: LazyList[Any], *args: Any, **kwargs: Any) -> Any:
        self._fill()
        return method(self, *args, **kwargs)

    call.__name__ = name
    call.__doc__ = method.__doc__
    return call


for _name in _NEED_ITEMS:
    setattr(LazyList, _name, _filled_first(_name))
LazyList.__hash__ = None  # type: ignore[assignment]
