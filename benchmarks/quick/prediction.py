"""The inferencer on a folder of images: ResNet-18, 224 pixels, batches of 32."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from inferencer import MODEL

from quick.shared import timed, write_folder

IMAGES = 96


def prepare(folder: Path) -> None:
    """Write the images."""
    write_folder(folder / "few", IMAGES)


def setup(library: str, folder: Path) -> Callable[[], dict[str, float]]:
    """Predict all files."""
    from mmpretrain import ImageClassificationInferencer

    inferencer = ImageClassificationInferencer(MODEL, pretrained=False, device="cpu")
    files = sorted(map(str, (folder / "few").rglob("*.jpg")))
    inferencer(files[:32], batch_size=32)
    return lambda: {"an image": timed(lambda: inferencer(files, batch_size=32)) / IMAGES}
