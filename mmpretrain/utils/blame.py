"""Which key of a config an error is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mmpretrain.errors import ArgumentError

#: What Python says when a constructor inside of the one that a config names is called with its items.
UNKNOWN = re.compile(r"(\w+)\.__init__\(\) got an unexpected keyword argument ('\w+')")
MISSING = re.compile(r"(\w+)\.__init__\(\) missing \d+ required .*arguments?: (.*)")


def locate(cfg: Any, key: str | None = None) -> str | None:
    """Return file, line and key path of a config node, or of a key in it; plain dicts do not know theirs."""
    source = getattr(cfg, "source", None)
    if isinstance(cfg, Mapping) and callable(source):
        place = source(key) or source("type") or source(next(iter(cfg), None))
        return str(place) if place is not None else None
    return None


def culprit(cfg: Any, message: str) -> str | None:
    """The place of the first key that a message names, else of a value that it quotes, else of the node."""
    items = list(_items(cfg))
    keys = [(str(key), node, key) for node, key, _ in items if key != "type"]
    values = [(repr(value), node, key) for node, key, value in items if type(value) in (str, int, float)]
    for texts in (keys, values):
        pattern = r"(?<![\w.]){}(?!\w|\.\d)"
        matches = [re.search(pattern.format(re.escape(text)), message) for text, _, _ in texts]
        found = [(match.start(), number) for number, match in enumerate(matches) if match]
        if found:
            _, node, key = texts[min(found)[1]]
            return locate(node, key)
    return locate(cfg)


def explain(error: TypeError, cfg: Any) -> ArgumentError | None:
    """Say where a config has arguments that a constructor inside did not take; None for other errors."""
    if match := UNKNOWN.search(str(error)):
        message = f"{match[1].lstrip('_')} has no argument {match[2]}"
    elif match := MISSING.search(str(error)):
        message = f"{match[1].lstrip('_')} needs {match[2]}"
    else:
        return None
    return ArgumentError(message, where=culprit(cfg, message))


def _items(cfg: Any) -> Iterator[tuple[Any, Any, Any]]:
    """All (node, key, value) of a config, from the outside to the inside."""
    level = [cfg]
    while level:
        inner: list[Any] = []
        for node in level:
            if isinstance(node, Mapping):
                yield from ((node, key, value) for key, value in node.items())
                inner.extend(node.values())
            elif isinstance(node, (list, tuple)):
                inner.extend(node)
        level = inner
