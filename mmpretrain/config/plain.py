"""Converting values to ones that a file can express, so that dumps can be read again.

A config that was made in Python may hold anything. What a file cannot express is replaced by the nearest
thing that it can, and :class:`Plain` keeps a note of it.
"""

from __future__ import annotations

import copy
import enum
import functools
import importlib
import io
import math
import os
import re
import types
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from mmpretrain.config.lazy import LazyObject
from mmpretrain.config.tracked import raw_items
from mmpretrain.utils.brief import brief

#: Arrays and tensors of more numbers than this are described, not written.
MOST_NUMBERS = 1000
#: What each kind of file can express, besides None, bool, int, float, str, lists and dicts.
EXTRA: dict[str, frozenset[type]] = {
    "Python": frozenset({tuple, set, bytes, complex, range, types.EllipsisType}),
    "YAML": frozenset({tuple, set, bytes}),
    "JSON": frozenset(),
}
#: Kinds of values that stand for something outside of the config: they can be neither copied nor written.
_OUTSIDE: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (io.IOBase, "an open file"),
    (types.ModuleType, "a module"),
    ((types.GeneratorType, types.AsyncGeneratorType), "a generator"),
    (types.CoroutineType, "a coroutine"),
    (Iterator, "an iterator"),
)


def outside(value: Any) -> str | None:
    """Return what a value is that can be no part of a config: an open file, a module, an iterator."""
    return next((name for kinds, name in _OUTSIDE if isinstance(value, kinds)), None)


def is_helper(value: Any) -> bool:
    """Whether a variable of a config file is there for its code only, and no part of the config."""
    if isinstance(value, types.FunctionType) or outside(value) is not None:
        return True
    if value is None or isinstance(
        value, (bool, int, float, str, bytes, type, Mapping, Sequence, Set, LazyObject)
    ):
        return False
    try:
        copy.deepcopy(value)
    except Exception:  # locks, sockets and others that exist once
        return True
    return False


def foreign_parts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the key paths of what can be no part of a config, and what it is."""
    if isinstance(value, (dict, list, tuple)):
        items = raw_items(value) if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from foreign_parts(item, f"{path}.{key}" if path else str(key))
    elif (found := outside(value)) is not None:
        yield path, found


def describe(value: Any) -> str:
    """Return what a value is, in words."""
    found = outside(value)
    if found is not None:
        return found
    if isinstance(value, type):
        return f"the class {value.__qualname__}"
    name = getattr(value, "__qualname__", None)
    if callable(value) and name:
        return "a lambda" if name.endswith("<lambda>") else f"the function {name}"
    kind = type(value)
    return (
        f"a {kind.__qualname__}"
        if kind.__module__ == "builtins"
        else f"a {kind.__module__}.{kind.__qualname__}"
    )


class Plain:
    """Turns values into those that a kind of file can express.

    Args:
        kind: ``'Python'``, ``'YAML'`` or ``'JSON'``.

    Attributes:
        notes: Key path -> what cannot be written there, and what is written in its place.
    """

    def __init__(self, kind: str = "Python") -> None:
        self.kind = kind
        self.notes: dict[str, str] = {}
        self._extra = EXTRA[kind]
        self._open: set[int] = set()

    def tree(self, value: Any, path: str = "") -> Any:
        """Return plain dicts, lists and scalars for a value at a key path."""
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, (Mapping, Sequence, Set)) and not isinstance(
            value, (str, bytes, bytearray, range)
        ):
            if id(value) in self._open:
                return self._lost(path, "a reference to itself", None)
            self._open.add(id(value))
            try:
                return self._container(value, path)
            finally:
                self._open.discard(id(value))
        return self._leaf(value, path)

    def _container(self, value: Any, path: str) -> Any:
        if isinstance(value, Mapping):
            return {
                self._key(key, f"{path}.{key}" if path else str(key)): self.tree(
                    item, f"{path}.{key}" if path else str(key)
                )
                for key, item in raw_items(value)
            }
        if isinstance(value, Set):
            items = [self.tree(item, path) for item in sorted(value, key=repr)]
            if set not in self._extra or not all(_hashable(item) for item in items):
                return self._lost(path, f"a {type(value).__name__}", items, "a list")
            return set(items)
        items = [self.tree(item, f"{path}.{index}") for index, item in enumerate(value)]
        return tuple(items) if isinstance(value, tuple) and tuple in self._extra else items

    def _key(self, key: Any, path: str) -> Any:
        """Return a key of a dict: keys of JSON are texts by themselves, others stay if they are scalars."""
        if key is None or type(key) in (bool, int, float, str):
            return key
        plain = self.tree(key, path)
        if _hashable(plain) and (self.kind != "JSON" or not isinstance(plain, tuple)):
            return plain
        return self._lost(path, f"{describe(key)} as a key", str(key), "its text")

    def _leaf(self, value: Any, path: str) -> Any:
        if type(value) in self._extra:
            return value
        if isinstance(value, LazyObject):
            return value.dump_str
        if isinstance(value, os.PathLike):
            return self.tree(os.fspath(value), path)
        if isinstance(value, enum.Enum):
            return self._lost(path, describe(value), self.tree(value.value, path), "its value")
        if _is(value, "numpy", "generic"):
            return self.tree(value.item(), path)
        if _is(value, "numpy", "ndarray") or _is(value, "torch", "Tensor"):
            return self._numbers(value, path)
        scalars: tuple[Any, ...] = (bool, int, float, complex, str, bytes)
        for plain in scalars:
            if isinstance(value, plain):  # a subclass, or a type that this format lacks
                return self._scalar(plain(value), path)
        if isinstance(value, bytearray):
            return self.tree(bytes(value), path)
        if isinstance(value, range):
            return self._lost(path, "a range", str(value), "its text")
        if callable(value) and hasattr(value, "__qualname__"):
            name = f"{value.__module__}.{value.__qualname__}"
            return name if _imports(value) else self._lost(path, describe(value), name, "its name")
        return self._lost(path, describe(value), _text(value), "its text")

    def _scalar(self, value: Any, path: str) -> Any:
        if type(value) in (bool, int, float, str) or type(value) in self._extra:
            return value
        if isinstance(value, bytes):
            return self._lost(path, "bytes", value.decode("latin-1"), "text, one character for each byte")
        return self._lost(path, describe(value), str(value), "its text")

    def _numbers(self, value: Any, path: str) -> Any:
        """Write a small array or tensor as lists of numbers, a large one as a description."""
        kind = "an array" if _is(value, "numpy", "ndarray") else "a tensor"
        if math.prod(value.shape) > MOST_NUMBERS or getattr(value.dtype, "hasobject", False):
            text = f"{kind.partition(' ')[2]} of shape {tuple(value.shape)}, {value.dtype}"
            return self._lost(path, kind, text, "a description")
        return self._lost(path, kind, self.tree(value.tolist(), path), "its numbers")

    def _lost(self, path: str, what: str, instead: Any, name: str = "None") -> Any:
        self.notes[path] = f"{what} cannot be written as {self.kind}: {name} is written in its place"
        return instead


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _is(value: Any, module: str, name: str) -> bool:
    """Whether a value is of a class, which need not be imported for that: reading a config stays quick."""
    return any(base.__module__ == module and base.__name__ == name for base in type(value).__mro__)


def _imports(value: Any) -> bool:
    """Whether a class or function can be imported by its name."""
    try:
        found = importlib.import_module(value.__module__)
        for name in value.__qualname__.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError, ValueError, TypeError):
        return False
    return found is value or getattr(found, "__func__", found) == getattr(value, "__func__", value)


def _text(value: Any) -> str:
    """The text of an object, without the address in memory that differs from run to run."""
    if isinstance(value, functools.partial):
        name = getattr(value.func, "__qualname__", repr(value.func))
        words = [*map(repr, value.args), *(f"{key}={item!r}" for key, item in value.keywords.items())]
        text = f"functools.partial({', '.join([name, *words])})"
    else:
        text = brief(value)
    return re.sub(r" (?:object )?at 0x[0-9a-fA-F]+", "", text)
