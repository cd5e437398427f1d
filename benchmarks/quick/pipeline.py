"""Processor time of the transforms of an image, from the file on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import data_pipeline


def prepare(folder: Path) -> None:
    """Write images with the spectrum of photographs."""
    data_pipeline.make_images(folder / "photos", 30, 375, 500)


def setup(library: str, folder: Path) -> Callable[[], dict[str, float]]:
    """One thread, as in a worker."""
    import cv2

    cv2.setNumThreads(0)
    files = sorted(map(str, (folder / "photos").iterdir()))
    kind = "timm" if library == "timm" else "mmpretrain"
    measures = {
        name: data_pipeline.pipeline_seconds(kind, name, files) for name in ("train", "val", "randaug")
    }
    return lambda: {name: measure() for name, measure in measures.items()}
