"""The config that is being translated, and what has been said about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from mmpretrain.config.merge import merge_into
from mmpretrain.config.node import ConfigDict, convert, make_node
from mmpretrain.config.source import Source
from mmpretrain.config.tracked import raw, raw_items
from mmpretrain.errors import ConfigError

#: With these, a config can train in 1.x.
_COMPLETE = ("model", "train_dataloader", "train_cfg", "optim_wrapper")


class Translation:
    """A config whose 0.x keys are removed and written again in today's form.

    Args:
        cfg: The config; changed in place.

    Attributes:
        lines: One sentence for each key that was translated.
        lenient: Whether the config is complete without its 0.x keys, which 1.x ignores: those without a
            counterpart are left out then.
    """

    def __init__(self, cfg: ConfigDict) -> None:
        self.cfg = cfg
        self.lines: list[str] = []
        self.lenient = all(isinstance(cfg.get(key), Mapping) for key in _COMPLETE)

    def take(self, key: str) -> Old:
        """Take a section out of the config; a missing one is empty."""
        return Old.of(self, self.cfg, key, key)

    def say(self, source: Source | None, old: str, new: str) -> None:
        """Note what became of a key."""
        place = "" if source is None else f" ({source.place})"
        self.lines.append(f"0.x key {old}{place} -> {new}")

    def set(self, path: str, value: Any, source: Source | None) -> None:
        """Set the value at a dotted path; dicts on the way are made."""
        *parents, last = path.split(".")
        node = self.cfg
        for key in parents:
            if not isinstance(node.get(key), ConfigDict):
                node.assign(key, make_node({}, {}), source)
            node = raw(node, key)
        node.assign(last, value, source)

    def merge(self, path: str, value: Mapping[str, Any], source: Source | None) -> None:
        """Merge a dict into the one at a dotted path."""
        if not isinstance(self.get(path), ConfigDict):
            self.set(path, {}, source)
        merge_into(self.get(path), sourced(value, source))

    def get(self, path: str, default: Any = None) -> Any:
        """Return the value at a dotted path, or the default."""
        value: Any = self.cfg
        for key in path.split("."):
            if not isinstance(value, Mapping) or key not in value:
                return default
            value = raw(value, key)
        return value


class Old:
    """A section of a 0.x config, from which keys are taken until none is left.

    Args:
        translation: Where the section comes from.
        node: Its values.
        path: Its key path.
        source: The line that set it.
    """

    def __init__(
        self, translation: Translation, node: ConfigDict, path: str, source: Source | None = None
    ) -> None:
        self.translation = translation
        self.node = node
        self.path = path
        self.source = source

    @classmethod
    def of(cls, translation: Translation, parent: ConfigDict, key: str, path: str) -> Old:
        """Take the section ``key`` out of its parent."""
        source = parent._sources_.get(key)
        value = parent.pop(key, None)
        node = make_node({}, {})
        if isinstance(value, ConfigDict):
            node = value
        elif value is not None:
            _fail(f"{path} must be a dict, got {value!r}", source, path)
        return cls(translation, node, path, source)

    def __bool__(self) -> bool:
        return bool(self.node)

    def __contains__(self, key: str) -> bool:
        return key in self.node

    def peek(self, key: str, default: Any = None) -> Any:
        """Look at a value without taking it."""
        return self.node.get(key, default)

    def source_of(self, key: str) -> Source | None:
        """Return the line that set a key."""
        return self.node._sources_.get(key, self.source)

    def section(self, key: str) -> Old:
        """Take a dict out of this one."""
        return Old.of(self.translation, self.node, key, f"{self.path}.{key}")

    def drop(self, key: str, why: str = "has no meaning any more") -> None:
        """Leave a key out, and say why."""
        if key in self.node:
            self.translation.say(self.source_of(key), f"{self.path}.{key}", f"left out: {why}")
            self.node.pop(key)

    def take(self, key: str, new: str | None = None, default: Any = None) -> Any:
        """Take a value out, and note its new place."""
        if key not in self.node:
            return default
        if new is not None:
            self.translation.say(self.source_of(key), f"{self.path}.{key}", new)
        return self.node.pop(key)

    def move(self, key: str, new: str) -> None:
        """Put a value, if there is one, at a path of the new config."""
        if key in self.node:
            source = self.source_of(key)
            self.translation.set(new, self.take(key, new), source)

    def rest(self) -> dict[str, Any]:
        """Take all that is left."""
        rest = dict(raw_items(self.node))
        self.node.clear()
        return rest

    def finish(self, hint: str) -> None:
        """Raise if there are keys left that were not translated."""
        for key in list(self.node):
            if self.translation.lenient:
                self.drop(key, "1.x ignores it, and it cannot be translated")
            else:
                self.fail(key, f"{self.path}.{key} cannot be translated", hint)

    def fail(self, key: str, message: str, hint: str | None = None) -> NoReturn:
        """Raise an error about a key."""
        _fail(message, self.source_of(key), f"{self.path}.{key}", hint)


def _fail(message: str, source: Source | None, path: str, hint: str | None = None) -> NoReturn:
    where = path if source is None else str(source._replace(path=path))
    raise ConfigError(message, where=where, hint=hint)


def sourced(values: Mapping[str, Any], source: Source | None) -> ConfigDict:
    """Return a node whose values name ``source``, unless they know better."""
    node = make_node({}, {})
    for key, value in raw_items(values):
        known = values._sources_.get(key, source) if isinstance(values, ConfigDict) else source
        node.assign(key, sourced(value, source) if isinstance(value, dict) else convert(value), known)
    return node


def pick(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the items with these names that are there."""
    return {name: values[name] for name in names if name in values}
