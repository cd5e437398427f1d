"""Where a config value comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

#: What stands for the file of a value that was given with ``--cfg-options``.
COMMAND_LINE = "--cfg-options"


class Source(NamedTuple):
    """The place that set a value.

    Attributes:
        file: Path of the config file, or :data:`COMMAND_LINE`.
        line: Line in that file, from 1; None where the value has no line.
        path: Key path of the value, such as ``'model.backbone.depth'``.
        before: The place and the value that this one replaced.
    """

    file: str
    line: int | None = None
    path: str = ""
    before: tuple[Source, Any] | None = None

    @property
    def place(self) -> str:
        """``'configs/my.py:12'``: the file relative to the working folder, and the line."""
        file = short_path(self.file)
        return file if self.line is None else f"{file}:{self.line}"

    def history(self) -> Iterator[tuple[Source, Any]]:
        """Yield the replaced places and values, the latest first."""
        step = self.before
        while step is not None:
            yield step
            step = step[0].before

    def __str__(self) -> str:
        return f"{self.place} ({self.path})" if self.path else self.place


def short_path(file: str) -> str:
    """Return ``file`` relative to the working folder if it is below it."""
    here = os.getcwd() + os.sep
    return file[len(here) :] if file.startswith(here) else file


def join_path(parent: str, key: Any) -> str:
    """Return the key path of ``key`` below ``parent``."""
    return f"{parent}.{key}" if parent else str(key)
