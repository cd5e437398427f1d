"""The console of a command: one line for each epoch, and each warning once."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_line_an_epoch() -> Iterator[None]:
    """Let the console show one line for each epoch, unless the environment says otherwise."""
    if "MMPRETRAIN_CONSOLE" in os.environ:
        yield
        return
    os.environ["MMPRETRAIN_CONSOLE"] = "epochs"
    try:
        yield
    finally:
        os.environ.pop("MMPRETRAIN_CONSOLE", None)


@contextmanager
def each_warning_once() -> Iterator[None]:
    """Print a warning once, though a command builds a data set several times; logs of runs have them all."""
    shown: set[tuple[str, str]] = set()

    def is_new(record: logging.LogRecord) -> bool:
        key = (record.name, record.getMessage())
        new = key not in shown
        shown.add(key)
        return new

    last = logging.lastResort  # what prints as long as nothing else does
    if last is not None:
        last.addFilter(is_new)
    try:
        yield
    finally:
        if last is not None:
            last.removeFilter(is_new)
