"""What the engine adds to an iteration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median

import engine_overhead


def setup(library: str, folder: Path) -> Callable[[], dict[str, float]]:
    """The loop by hand and the engine, one right after the other, three times.

    What the engine adds is a small difference of two figures; the median keeps it above zero.
    """
    with_engine = engine_overhead.engine()
    engine_overhead.one_round(with_engine)

    def figures() -> dict[str, float]:
        differences = [engine_overhead.one_round(with_engine)["overhead"] for _ in range(3)]
        return {"an iteration": median(differences) / 1e6}

    return figures
