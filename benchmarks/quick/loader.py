"""A whole data loader with two workers: decoding, transforms, collation and the way to the main process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from quick.shared import LOAD, PACK, loader, runner_class, timed, write_folder

IMAGES = 192


def prepare(folder: Path) -> None:
    """Write the images."""
    write_folder(folder / "images", IMAGES)


def setup(library: str, folder: Path) -> Callable[[], dict[str, float]]:
    """Read an epoch; the workers stay."""
    flip = {"type": "RandomFlip", "prob": 0.5, "direction": "horizontal"}
    pipeline = [LOAD, {"type": "RandomResizedCrop", "scale": 224}, flip, PACK]
    cfg = loader(folder / "images", pipeline, True, batch_size=32, persistent_workers=True)
    batches = runner_class(library).build_dataloader(cfg, seed=0)

    def read() -> None:
        for _ in batches:
            pass

    read()
    return lambda: {"an image": timed(read) / IMAGES}
