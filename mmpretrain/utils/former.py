"""The packages whose parts are in this one now, and the way to what is kept for their users."""

from __future__ import annotations

import importlib
from typing import Any

#: Packages of the toolboxes that became mmpretrain.
TOOLBOXES = frozenset({"mmcls", "mmselfsup"})
#: Packages that the toolboxes were built on.
FOUNDATIONS = frozenset({"mmcv", "mmengine"})
#: All of them.
FORMER = TOOLBOXES | FOUNDATIONS


def compat(module: str) -> Any:
    """Import a module of :mod:`mmpretrain.compat`, which no other room imports at its top.

    Args:
        module: Its name below ``mmpretrain.compat``.
    """
    return importlib.import_module(f"mmpretrain.compat.{module}")
