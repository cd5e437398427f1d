"""The modules of the former packages and their public names, read from ``modules.txt``."""

from __future__ import annotations

from functools import cache
from importlib import resources

from mmpretrain.utils.former import TOOLBOXES

#: What each former package says its version is: the last one whose names are served.
VERSIONS = {"mmcls": "0.25.0", "mmcv": "2.2.0", "mmengine": "0.10.7", "mmselfsup": "1.0.0"}


def _read() -> dict[str, frozenset[str]]:
    text = resources.files("mmpretrain.compat.names").joinpath("modules.txt").read_text(encoding="utf-8")
    lines = (line.partition(":") for line in text.splitlines() if line and not line.startswith("#"))
    return {module: frozenset(names.split()) for module, _, names in lines}


#: Old module -> its public names.
MODULES: dict[str, frozenset[str]] = _read()


@cache
def _children() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for module in MODULES:
        parent, _, name = module.rpartition(".")
        found.setdefault(parent, set()).add(name)
    return {parent: frozenset(names) for parent, names in found.items()}


def children(module: str) -> frozenset[str]:
    """Return the names of the modules that an old package held."""
    own = _children().get(module, frozenset())
    as_own = own_path(module)
    return own if as_own is None else own | _children().get(as_own, frozenset())


def own_path(module: str) -> str | None:
    """Return the path in this package of a module of ``mmcls`` 1.x or ``mmselfsup`` 1.x.

    Both became mmpretrain with their modules where they had been.
    """
    root, dot, rest = module.partition(".")
    return f"mmpretrain{dot}{rest}" if root in TOOLBOXES else None


def is_known(module: str) -> bool:
    """Whether one of the former packages, or this one in 1.x, had a module of that name."""
    as_own = own_path(module)
    return module in MODULES or (as_own is not None and as_own in MODULES)
