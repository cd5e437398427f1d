"""ResNet-18 tested on a folder of images, from the config to the metrics."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

from quick.shared import LOAD, PACK, classifier, loader, runner_class, timed, write_folder

IMAGES = 192
NUMBERS = itertools.count()


def prepare(folder: Path) -> None:
    """Write the images."""
    write_folder(folder / "images", IMAGES)


def setup(library: str, folder: Path) -> Callable[[], dict[str, float]]:
    """Test at 112 pixels with accuracy, precision, recall and F1."""
    runner = runner_class(library)
    resize = [{"type": "ResizeEdge", "scale": 128}, {"type": "CenterCrop", "crop_size": 112}]

    def test() -> None:
        name = f"evaluation_{library}_{next(NUMBERS)}"
        runner(
            model=classifier(),
            work_dir=str(folder / name),
            test_dataloader=loader(folder / "images", [LOAD, *resize, PACK], False),
            test_cfg={},
            test_evaluator=[{"type": "Accuracy", "topk": (1,)}, {"type": "SingleLabelMetric"}],
            randomness={"seed": 0},
            default_scope="mmpretrain",
            experiment_name=name,
            log_level="ERROR",
        ).test()

    return lambda: {"an image": timed(test) / IMAGES}
