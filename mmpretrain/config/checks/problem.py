"""One thing that is wrong with a config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mmpretrain.config.node import ConfigDict


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        path: Key path of the value.
        message: What is wrong, one sentence.
        place: File and line that set it, if known.
        hint: What to do about it.
    """

    path: str
    message: str
    place: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        where = f"{self.place} ({self.path})" if self.place else self.path
        text = f"{where}: {self.message}"
        if not self.hint:
            return text
        return f"{text} {self.hint}" if text.endswith((".", "?", "!")) else f"{text}. {self.hint}"


def problem(cfg: Any, path: str, message: str, hint: str | None = None) -> Problem:
    """Make a problem about a key path of a config, or about the nearest part of it that exists."""
    source = None
    part = path
    while part and source is None and isinstance(cfg, ConfigDict):
        source = cfg.source(part)
        part = part.rpartition(".")[0]
    return Problem(path, message, None if source is None else source.place, hint)
