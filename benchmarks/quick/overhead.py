"""What the engine adds to an iteration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import engine_overhead


def setup(library: str, folder: Path) -> Callable[[], dict[str, float]]:
    """The loop by hand and the engine, one right after the other."""
    with_engine = engine_overhead.engine()
    engine_overhead.one_round(with_engine)
    return lambda: {"an iteration": engine_overhead.one_round(with_engine)["overhead"] / 1e6}
