"""Limits on the size of a config; a larger one is a mistake or an attack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmpretrain.config.source import join_path
from mmpretrain.config.tracked import raw_items, sources_of
from mmpretrain.errors import ConfigError
from mmpretrain.utils.brief import brief

#: Deepest nesting. Configs of the zoo have ten levels.
MAX_DEPTH = 100
#: Most values in a config, counted as often as they are written out.
MAX_VALUES = 1_000_000
#: Largest number, in bits; Python prints no longer ones.
MAX_BITS = 10_000


def check_bounds(values: Any, where: str | None) -> None:
    """Check that a tree of dicts, lists and tuples can be copied and printed.

    What several places share is looked at once, so this is fast also for a few lines that stand for billions
    of values (``b = [a] * 9``, ``c = [b] * 9``, ...).

    Args:
        values: The tree.
        where: The file, for messages.

    Raises:
        ConfigError: If it contains itself, is too deep or too large, or has a huge number in it.
    """
    known: dict[int, tuple[int, int]] = {}  # number of values and depth, of what was looked at
    path: list[Any] = []
    stack = [(values, _children(values))]
    opened = {id(values)}
    while stack:
        node, rest = stack[-1]
        key, child = next(rest, (None, _END))
        if child is _END:
            stack.pop()
            opened.discard(id(node))
            below = [known.get(id(item), (1, 0)) for _, item in _children(node)]
            size, depth = 1 + sum(item[0] for item in below), 1 + max((item[1] for item in below), default=0)
            if size > MAX_VALUES or depth > MAX_DEPTH:
                limit = f"{MAX_VALUES:,} values" if size > MAX_VALUES else f"{MAX_DEPTH} levels"
                _refuse(values, path, where, f"it stands for more than {limit}", "Write less into a config.")
            known[id(node)] = size, depth
            path = path[:-1]
        elif id(child) in opened:
            _refuse(values, [*path, key], where, "it contains itself", "Use a copy, or leave it out.")
        elif isinstance(child, (dict, list, tuple)) and id(child) not in known:
            if len(stack) > MAX_DEPTH:
                _refuse(values, path[:5], where, f"it is nested deeper than {MAX_DEPTH} levels", None)
            path.append(key)
            opened.add(id(child))
            stack.append((child, _children(child)))
        elif isinstance(child, int) and child.bit_length() > MAX_BITS:
            _refuse(values, [*path, key], where, f"it is {brief(child)}", "Choose a smaller number.")


_END = object()


def _children(node: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(node, dict):
        yield from list(raw_items(node))
    elif isinstance(node, (list, tuple)):
        yield from enumerate(node)


def _refuse(values: Any, path: list[Any], where: str | None, reason: str, hint: str | None) -> None:
    name = ""
    for key in path:
        name = join_path(name, key)
    source = sources_of(values).get(path[0]) if path else None
    place = where if source is None else source.place
    raise ConfigError(
        f"{name or 'A config'} cannot be part of a config: {reason}"
        if name
        else f"This is no config: {reason}",
        where=place,
        hint=hint,
    )
