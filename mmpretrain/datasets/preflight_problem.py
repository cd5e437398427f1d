"""What is wrong with the data of a run, and how much it matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["hard", "soft"]
HARD: Level = "hard"
#: Names that a message lists before it stops.
SHOWN = 3


@dataclass(frozen=True)
class Problem:
    """A problem with the data.

    Attributes:
        level: ``'hard'`` stops the run, ``'soft'`` is warned of.
        split: The split that it is about, or ``''``.
        text: What is wrong, and where.
    """

    level: Level
    split: str
    text: str


def soft(split: str, text: str) -> Problem:
    """A problem that is only warned of."""
    return Problem("soft", split, text)
