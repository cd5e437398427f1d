"""What is fuzzed: one module for each kind of input."""

from __future__ import annotations

import importlib

from tests.fuzz.case import Target

#: Modules of this package, in the order of the table.
NAMES = ("configs", "options", "images", "runs", "checkpoints", "annotations", "records", "words")


def find(name: str) -> Target:
    """Return the target of a module of this package."""
    return importlib.import_module(f"{__name__}.{name}").TARGET
