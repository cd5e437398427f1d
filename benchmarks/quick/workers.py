"""A data loader with 1 to 8 workers; no more of them are started than there are cores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from quick import loader
from quick.shared import LOAD, PACK, runner_class, timed
from quick.shared import loader as loader_config

COUNTS = (1, 2, 4, 8)

prepare = loader.prepare


def setup(library: str, folder: Path, count: int) -> Callable[[], dict[str, float]]:
    """Read an epoch with ``count`` workers, which stay; and start them once more."""
    pipeline = [LOAD, {"type": "RandomResizedCrop", "scale": 224}, PACK]
    cfg = loader_config(
        folder / "images", pipeline, True, batch_size=16, num_workers=count, persistent_workers=True
    )
    batches = runner_class(library).build_dataloader(cfg, seed=0)
    start = timed(lambda: next(iter(runner_class(library).build_dataloader(cfg, seed=0))))

    def read() -> None:
        for _ in batches:
            pass

    read()
    return lambda: {"an image": timed(read) / loader.IMAGES, "first batch": start}
