"""What several cases need: images, configs of small runs, and a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLASSES = 4
LOAD = {"type": "LoadImageFromFile"}
PACK = {"type": "PackInputs"}


def write_folder(folder: Path, count: int) -> None:
    """Write a folder of JPEGs of 500 x 375 pixels with a sub-folder for each class, once."""
    if folder.is_dir():
        return
    from inferencer import write_images

    for label in range(CLASSES):
        place = folder / f"class{label}"
        place.mkdir(parents=True)
        write_images(place, count // CLASSES, (500, 375))


def timed(work: Callable[[], Any]) -> float:
    """Seconds that some work takes, by the clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def runner_class(library: str) -> Any:
    """The Runner of a library."""
    if library == "mmpretrain-1":
        from mmengine.runner import Runner  # type: ignore[import-not-found]

        return Runner
    from mmpretrain.engine.runner import Runner as Ours

    return Ours


def loader(images: Path, pipeline: list[dict[str, Any]], shuffle: bool, **changes: Any) -> dict[str, Any]:
    """Config of a data loader over a folder of images."""
    return {
        "batch_size": 16,
        "num_workers": 2,
        "dataset": {"type": "CustomDataset", "data_prefix": str(images), "pipeline": pipeline},
        "sampler": {"type": "DefaultSampler", "shuffle": shuffle},
        "collate_fn": {"type": "default_collate"},
        **changes,
    }


def classifier() -> dict[str, Any]:
    """Config of a ResNet-18 for a few classes."""
    return {
        "type": "ImageClassifier",
        "backbone": {"type": "ResNet", "depth": 18},
        "neck": {"type": "GlobalAveragePooling"},
        "head": {
            "type": "LinearClsHead",
            "num_classes": CLASSES,
            "in_channels": 512,
            "loss": {"type": "CrossEntropyLoss"},
        },
        "data_preprocessor": {
            "type": "ClsDataPreprocessor",
            "num_classes": CLASSES,
            "mean": [123.675, 116.28, 103.53],
            "std": [58.395, 57.12, 57.375],
            "to_rgb": True,
        },
    }
