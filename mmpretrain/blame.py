"""Which key of a config an error is about.

Our errors say it (``error.key``). Only what Python and PyTorch say is searched for the names of keys.
"""

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


def locate_key(cfg: Any, key: str) -> str | None:
    """Return the place of a key of a node, else of the first node inside that has it, else of the node."""
    for node, name, _ in _items(cfg):
        if name == key:
            return locate(node, key)
    return locate(cfg)


def quoted(cfg: Any, message: str) -> str | None:
    """Return the place of the first key that a message of Python or PyTorch names, else of the node."""
    items = [(str(key), node, key) for node, key, _ in _items(cfg) if key != "type"]
    matches = [re.search(rf"(?<![\w.]){re.escape(text)}(?!\w|\.\d)", message) for text, _, _ in items]
    found = [(match.start(), number) for number, match in enumerate(matches) if match]
    if not found:
        return locate(cfg)
    _, node, key = items[min(found)[1]]
    return locate(node, key)


def explain(error: TypeError, cfg: Any) -> ArgumentError | None:
    """Say where a config has arguments that a constructor inside did not take; None for other errors."""
    if match := UNKNOWN.search(str(error)):
        message = f"{match[1].lstrip('_')} has no argument {match[2]}"
    elif match := MISSING.search(str(error)):
        message = f"{match[1].lstrip('_')} needs {match[2]}"
    else:
        return None
    return ArgumentError(message, where=quoted(cfg, message))


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
