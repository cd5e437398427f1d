"""Parts written for MMClassification 0.x keep their methods: what those did is called from those of today."""

from __future__ import annotations

import importlib

#: Kind of component -> module with the function that adapts a class of it.
_ADAPTERS = {
    "dataset": "datasets",
    "hook": "hooks",
    "model": "models",
    "transform": "transforms",
}


def adapt(kind: str, cls: type) -> None:
    """Give a class that is being registered the methods of today, made of those of 0.x that it has.

    Args:
        kind: What it is registered as.
        cls: The class; it is changed in place.

    Raises:
        ConfigError: If it has a method of 0.x that nothing would ever call.
    """
    importlib.import_module(f"mmpretrain.compat.protocols.{_ADAPTERS[kind]}").adapt(cls)
