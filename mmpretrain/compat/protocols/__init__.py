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
    """Give a class that is being registered what its methods of 0.x and 1.x need to be called.

    Args:
        kind: What it is registered as.
        cls: The class; it is changed in place.

    Raises:
        ConfigError: If it has a method of then that nothing would ever call.
    """
    for name in filter(None, (_ADAPTERS.get(kind), "extensions")):
        importlib.import_module(f"mmpretrain.compat.protocols.{name}").adapt(cls)
