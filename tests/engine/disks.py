"""What the tests of a run that meets trouble share."""

from __future__ import annotations

import contextlib
from pathlib import Path


def fill(disk: Path) -> None:
    with open(disk / "filler", "wb", buffering=0) as file:
        for size in (4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
