"""The nodes of a config: dicts with attribute access that know where each of their values was set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mmpretrain.config.bounds import MAX_DEPTH
from mmpretrain.config.lazy import LazyObject
from mmpretrain.config.merge import merge_into
from mmpretrain.config.source import Source, join_path
from mmpretrain.config.tracked import TrackedDict, caller, raw, raw_items, rebuild, sources_of
from mmpretrain.errors import ConfigError
from mmpretrain.utils.brief import brief
from mmpretrain.utils.suggest import did_you_mean


class ConfigDict(TrackedDict):
    """A dict whose string keys are attributes too, and whose nested dicts are of the same kind.

    Example:
        >>> cfg = ConfigDict(model=dict(type='ResNet', depth=50))
        >>> cfg.model.depth
        50
        >>> cfg.model.source('depth').line  # the line that set it
        1
    """

    __slots__ = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and isinstance(args[0], ConfigDict):
            object.__setattr__(self, "_path_", args[0]._path_)
        super().__init__(*(arg for arg in args if arg is not None), **kwargs)

    def source(self, key: Any = None) -> Source | None:
        """Return the file, line and key path that set ``key``; None if that is not known.

        Args:
            key: A key of this node, or a path below it (``'model.backbone.depth'``, ``'pipeline.1.scale'``).
        """
        found = self._sources_.get(key)
        if found is not None:
            return found._replace(path=join_path(self._path_, key))
        head, dot, rest = key.partition(".") if isinstance(key, str) else ("", "", "")
        if not dot or head not in self:
            return None
        return source_below(raw(self, head), rest) or self.source(head)

    def assign(self, key: Any, value: Any, source: Source | None) -> None:
        """Set an item on behalf of ``source``; plain dicts in it become nodes."""
        super().assign(key, convert(value), source)

    # -- reading resolves lazy objects --------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        return _built(super().__getitem__(key))

    def __iter__(self) -> Iterator[Any]:
        # With this method `**node` and `dict(node)` go through `__getitem__`.
        return super().__iter__()

    def items(self) -> list[tuple[Any, Any]]:  # type: ignore[override]
        """Return the keys and values as a list."""
        return [(key, _built(value)) for key, value in super().items()]

    def values(self) -> list[Any]:  # type: ignore[override]
        """Return the values as a list."""
        return [_built(value) for value in super().values()]

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value of ``key``, or ``default``."""
        return _built(super().get(key, default))

    def pop(self, key: Any, default: Any = None) -> Any:
        """Remove ``key`` and return its value, or ``default``."""
        self._sources_.pop(key, None)
        return _built(super().pop(key, default))

    # -- changing merges ----------------------------------------------------------------------------

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several items; where both the old and the new value are dicts, update the old one."""
        here = caller()
        for values in (*args, kwargs):
            known = sources_of(values)
            for key, value in raw_items(values):
                old = raw(self, key) if key in self else None
                if isinstance(value, dict) and isinstance(old, ConfigDict):
                    old.update(value)
                else:
                    self.assign(key, value, known.get(key, here))

    def merge(self, other: Mapping[Any, Any]) -> None:
        """Merge ``other`` into this node as a child config into its base: ``_delete_`` replaces a dict."""
        merge_into(self, convert(other))

    # -- attributes ---------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            hint = did_you_mean(name, map(str, self))
            text = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(f"{text}. {hint}" if hint else text) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):
            raise AttributeError(
                f"{name!r} is an attribute of {type(self).__name__}: use node[{name!r}] = ..."
            )
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(name) from None

    def to_dict(self) -> dict[Any, Any]:
        """Return plain nested dicts; lazy objects become their import paths."""
        return map_tree(self, lambda leaf: leaf.dump_str if isinstance(leaf, LazyObject) else leaf)


def make_node(items: dict[Any, Any], sources: dict[Any, Source], path: str = "") -> ConfigDict:
    """Return a node of values that need no conversion."""
    return rebuild(ConfigDict, items, sources, path)


def convert(value: Any) -> Any:
    """Return ``value`` with plain dicts in it, also those in lists and tuples, turned into nodes."""
    kind = type(value)
    if kind is dict or kind is TrackedDict:
        return ConfigDict(value)
    if kind is list or kind is tuple:
        converted = [convert(item) for item in value]
        if any(new is not old for new, old in zip(converted, value)):
            return kind(converted)
    return value


def nest(options: Mapping[str, Any], source: Source | None = None) -> ConfigDict:
    """Turn ``{'model.depth': 1}`` into ``{'model': {'depth': 1}}``.

    Args:
        options: Values by dotted key.
        source: The place that set them.
    """
    root = make_node({}, {})
    for dotted, value in options.items():
        node = root
        *parents, last = str(dotted).split(".")
        if len(parents) >= MAX_DEPTH:
            raise ConfigError(
                f"The key {brief(str(dotted))} has more than {MAX_DEPTH} parts",
                where=None if source is None else source.place,
            )
        for key in parents:
            if not isinstance(dict.get(node, key), ConfigDict):
                node.assign(key, make_node({}, {}), source)
            node = raw(node, key)
        node.assign(last, _stamped(convert(value), source), source)
    return root


def _stamped(value: Any, source: Source | None) -> Any:
    """Set ``source`` as the origin of all values in a node, or in a list of nodes."""
    if isinstance(value, (list, tuple)):
        return type(value)(_stamped(item, source) for item in value)
    if not isinstance(value, ConfigDict) or source is None:
        return value
    items = {key: _stamped(item, source) for key, item in raw_items(value)}
    return make_node(items, dict.fromkeys(items, source))


def settle(value: Any, path: str, source: Source | None) -> Any:
    """Copy a tree so that no two places share a node, and tell each node its path and sources.

    Args:
        value: The tree.
        path: Its key path.
        source: The place to name for dicts that do not know theirs.
    """
    kind = type(value)
    if kind is ConfigDict or kind is TrackedDict or kind is dict:
        items: dict[Any, Any] = {}
        known = sources_of(value)
        sources: dict[Any, Source] = {}
        for key, item in dict.items(value):
            own = known.get(key, source)
            if own is not None:
                sources[key] = own
            if isinstance(item, (dict, list, tuple)):
                item = settle(item, f"{path}.{key}" if path else str(key), own)
            items[key] = item
        return make_node(items, sources, path)
    if kind is list or kind is tuple:
        return kind(
            [
                settle(item, f"{path}.{index}", source) if isinstance(item, (dict, list, tuple)) else item
                for index, item in enumerate(value)
            ]
        )
    return value


def source_below(value: Any, path: str) -> Source | None:
    """Return the source of a path below a value that is a node, or a list or tuple of nodes."""
    if isinstance(value, ConfigDict):
        return value.source(path)
    head, _, rest = path.partition(".")
    if isinstance(value, (list, tuple)) and head.isdecimal() and int(head) < len(value):
        item = value[int(head)]
        if rest:
            return source_below(item, rest)
        if isinstance(item, ConfigDict):
            return item.source("type") or next((item.source(key) for key in item), None)
    return None


def map_tree(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """Return plain dicts, lists and tuples with ``leaf`` applied to everything else."""
    if isinstance(value, dict):
        return {key: map_tree(item, leaf) for key, item in raw_items(value)}
    if type(value) in (list, tuple):
        return type(value)(map_tree(item, leaf) for item in value)
    return leaf(value)


def _built(value: Any) -> Any:
    return value.build() if type(value) is LazyObject else value
