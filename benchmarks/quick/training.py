"""ResNet-18 trained on a folder of images, from the config to the end of the run."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

from quick.shared import LOAD, PACK, classifier, loader, runner_class, timed, write_folder

IMAGES = 96
NUMBERS = itertools.count()


def prepare(folder: Path) -> None:
    """Write the images."""
    write_folder(folder / "few", IMAGES)


def setup(library: str, folder: Path) -> Callable[[], dict[str, float]]:
    """Train two epochs at 112 pixels; no checkpoint is written."""
    runner = runner_class(library)
    flip = {"type": "RandomFlip", "prob": 0.5, "direction": "horizontal"}
    pipeline = [LOAD, {"type": "RandomResizedCrop", "scale": 112}, flip, PACK]

    def train() -> None:
        name = f"training_{library}_{next(NUMBERS)}"
        runner(
            model=classifier(),
            work_dir=str(folder / name),
            train_dataloader=loader(folder / "few", pipeline, True, persistent_workers=True),
            train_cfg={"by_epoch": True, "max_epochs": 2},
            optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.01, "momentum": 0.9}},
            default_hooks={"checkpoint": {"type": "CheckpointHook", "interval": -1, "save_last": False}},
            randomness={"seed": 0},
            default_scope="mmpretrain",
            experiment_name=name,
            log_level="ERROR",
        ).train()

    return lambda: {"an image": timed(train) / (2 * IMAGES)}
