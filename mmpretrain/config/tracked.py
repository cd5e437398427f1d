"""Dicts that know where each of their values was set."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from mmpretrain.config.source import Source, join_path
from mmpretrain.errors import ConfigError

if TYPE_CHECKING:
    from typing_extensions import Self  # typing.Self from Python 3.11

_PACKAGE = os.path.dirname(__file__) + os.sep
_T = TypeVar("_T", bound="TrackedDict")


class TrackedDict(dict):
    """A dict that keeps a :class:`Source` for each key: what ``dict(...)`` makes in a config file.

    It behaves as a plain dict in every other way. Changing an item records the line that did it.
    """

    # The names of slots have underscores on both sides to stay out of the way of config keys.
    __slots__ = ("_path_", "_sources_")
    _path_: str
    _sources_: dict[Any, Source]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        node = super().__new__(cls)
        object.__setattr__(node, "_path_", "")
        object.__setattr__(node, "_sources_", {})
        return node

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.update(*args, **kwargs)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.assign(key, value, caller())

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        self._sources_.pop(key, None)

    def assign(self, key: Any, value: Any, source: Source | None) -> None:
        """Set an item on behalf of ``source``, which remembers what it replaces."""
        if source is not None:
            old = self._sources_.get(key)
            if old is not None and old != source and key in self:
                source = source._replace(before=(old, raw(self, key)))
            self._sources_[key] = source
        super().__setitem__(key, value)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several items; those that come from a tracked dict keep their sources."""
        here = caller()
        for values in (*args, kwargs):
            known = sources_of(values)
            for key, value in raw_items(values):
                self.assign(key, value, known.get(key, here))

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Return the value of ``key``, which becomes ``default`` if there was none."""
        if key not in self:
            self[key] = default
        return self[key]

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self

    def __or__(self, other: Any) -> Self:
        result = self.copy()
        result.update(other)
        return result

    def copy(self) -> Self:
        """Return a shallow copy that remembers the sources."""
        return rebuild(type(self), dict(raw_items(self)), self._sources_.copy(), self._path_)

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        node = rebuild(type(self), {}, self._sources_.copy(), self._path_)
        memo[id(self)] = node
        for key, value in raw_items(self):
            try:
                dict.__setitem__(node, key, copy.deepcopy(value, memo))
            except ConfigError:
                raise
            except (TypeError, RuntimeError) as error:  # a lock, a socket, a database connection
                source = self._sources_.get(key)
                raise ConfigError(
                    f"{key!r} of a config holds what cannot be copied ({error})",
                    where=None if source is None else str(source._replace(path=join_path(self._path_, key))),
                    hint="Leave it out, or give what it is made from.",
                    key=str(key),
                ) from error
        return node

    def __reduce_ex__(self, protocol: Any) -> tuple:
        return (rebuild, (type(self), dict(raw_items(self)), self._sources_, self._path_))


def rebuild(kind: type[_T], items: dict[Any, Any], sources: dict[Any, Source], path: str) -> _T:
    """Make a tracked dict from its parts, which are neither copied nor converted."""
    node = kind.__new__(kind)
    dict.update(node, items)
    object.__setattr__(node, "_sources_", sources)
    object.__setattr__(node, "_path_", path)
    return node


def sources_of(values: Any) -> dict[Any, Source]:
    """Return what a dict knows about the origin of its values."""
    return values._sources_ if isinstance(values, TrackedDict) else {}


def raw(node: Mapping[Any, Any], key: Any) -> Any:
    """Return a value without resolving it if it is lazy."""
    return dict.__getitem__(node, key) if isinstance(node, dict) else node[key]


def raw_items(values: Any) -> Iterable[tuple[Any, Any]]:
    """Return the items of a mapping, or of an iterable of pairs, without resolving lazy objects."""
    if isinstance(values, dict):
        return dict.items(values)
    return values.items() if isinstance(values, Mapping) else values


def caller() -> Source:
    """The line of code outside this package that is changing a dict: a line of a config, or of a script."""
    frame = sys._getframe(2)
    while frame.f_code.co_filename.startswith(_PACKAGE) and frame.f_back is not None:
        frame = frame.f_back
    return Source(frame.f_code.co_filename, frame.f_lineno)
