"""Parts written for former versions keep their methods: what those did is called from those of today."""

from __future__ import annotations

import importlib

#: Kind of component -> module with the function that adapts a class of it.
_ADAPTERS = {
    "dataset": "datasets",
    "hook": "hooks",
    "model": "models",
    "transform": "transforms",
}
#: Classes to adapt. Importing an adapter may import packages that a user has edited, and register more.
_waiting: list[tuple[str, type]] = []
_busy = False


def adapt(kind: str, cls: type) -> None:
    """Give a class that is being registered what its methods of 0.x and 1.x need to be called.

    Args:
        kind: What it is registered as.
        cls: The class; it is changed in place.

    Raises:
        ConfigError: If it has a method of then that nothing would ever call.
    """
    global _busy
    _waiting.append((kind, cls))
    if _busy:
        return
    _busy = True
    try:
        while _waiting:
            _adapt(*_waiting.pop(0))
    finally:
        _waiting.clear()
        _busy = False


def _adapt(kind: str, cls: type) -> None:
    for name in filter(None, (_ADAPTERS.get(kind), "extensions")):
        importlib.import_module(f"mmpretrain.compat.protocols.{name}").adapt(cls)
