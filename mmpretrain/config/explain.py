"""Questions about a config: the value of a key, where it was set, how two configs differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmpretrain.config.node import ConfigDict, source_below
from mmpretrain.config.pretty import format_value
from mmpretrain.config.source import Source, join_path
from mmpretrain.config.tracked import raw, raw_items
from mmpretrain.errors import ConfigError
from mmpretrain.utils.suggest import did_you_mean


def find(cfg: ConfigDict, key: str) -> Any:
    """Return the value at a key path.

    Raises:
        ConfigError: Naming the part that is not there.
    """
    value: Any = cfg
    done = ""
    for part in key.split("."):
        if isinstance(value, Mapping) and part in value:
            value = raw(value, part)
        elif isinstance(value, (list, tuple)) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            known = list(map(str, value)) if isinstance(value, Mapping) else []
            hint = did_you_mean(part, known) or (f"It has: {', '.join(known)}." if known else None)
            raise ConfigError(f"{done or 'The config'} has no {part!r}", hint=hint)
        done = join_path(done, part)
    return value


def leaves(cfg: ConfigDict, prefix: str = "") -> Iterator[tuple[str, Any, Source | None]]:
    """Yield the path, the value and the source of everything that is no dict, also in lists of dicts.

    Args:
        cfg: The config.
        prefix: Only what is at or below this key path.
    """
    yield from _leaves(find(cfg, prefix) if prefix else cfg, prefix, cfg.source(prefix) if prefix else None)


def _leaves(value: Any, path: str, source: Source | None) -> Iterator[tuple[str, Any, Source | None]]:
    if isinstance(value, ConfigDict) and value:
        for key, item in raw_items(value):
            yield from _leaves(item, join_path(path, key), value.source(key) or source)
    elif isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}.{index}", source_below(value, str(index)) or source)
    else:
        yield path, value, source


def explain_key(cfg: ConfigDict, key: str) -> Iterator[str]:
    """Yield the value at a key path, and one line for each place that set it, the last one first."""
    value = find(cfg, key)
    source = cfg.source(key)
    yield f"{key} = {format_value(value)}"
    if isinstance(value, ConfigDict) or source is None:
        for path, leaf, origin in leaves(cfg, key):
            yield f"  {path} = {format_value(leaf)}  set in {_place(origin)}"
        return
    yield f"  set in {_place(source)}"
    for earlier, old in source.history():
        yield f"  before that {format_value(old)} in {_place(earlier)}"


def _place(source: Source | None) -> str:
    return "an unknown place" if source is None else source.place


def differences(first: ConfigDict, second: ConfigDict) -> Iterator[tuple[str, str]]:
    """Yield ``('-', line)`` for each value that only the first config has, ``('+', line)`` for the second."""
    one, two = ({path: (leaf, source) for path, leaf, source in leaves(cfg)} for cfg in (first, second))
    for path in dict.fromkeys([*one, *two]):
        for sign, mine, other in (("-", one, two), ("+", two, one)):
            if path in mine and (path not in other or mine[path][0] != other[path][0]):
                leaf, source = mine[path]
                yield sign, f"{path} = {format_value(leaf)}  ({_place(source)})"
