"""The console of a command: one line for each epoch."""

from __future__ import annotations

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
