"""The index of a data set with 300,000 lines of annotations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import dataset_index

LINES = 300_000


def prepare(folder: Path) -> None:
    """Write the annotations."""
    dataset_index.write_annotations(folder / "train.txt", LINES)


def setup(library: str, folder: Path) -> Callable[[], dict[str, float]]:
    """Build and read the index; the process is new each time, as memory is measured."""

    def measure() -> dict[str, float]:
        found = dataset_index.measure(str(folder / "train.txt"))
        return {
            "build": found["build_s"],
            "memory (MiB)": found["memory_MiB"],
            "read a record": found["read_us"] / 1e6,
        }

    return measure
