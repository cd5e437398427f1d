"""``mmpretrain demo-data``."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from mmpretrain.errors import ConfigError


class DemoSet(str, Enum):
    """The data sets that ship inside the package."""

    digits = "digits"


def demo_data(
    name: Annotated[DemoSet, typer.Argument(help="Which data set.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it; made if absent.")],
    force: Annotated[bool, typer.Option("--force", help="Write into a folder that is not empty.")] = False,
) -> None:
    """Write an embedded data set as an image folder, to try your own configs on.

    The layout is that of `CustomDataset`: `DIR/train/<class>/*.png` and `DIR/val/<class>/*.png`.

    Example: `mmpretrain demo-data digits data/digits`
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{str(folder)!r} is a file", hint="Name a folder.")
    if not force and folder.is_dir() and any(folder.iterdir()):
        raise ConfigError(f"the folder {str(folder)!r} is not empty", hint="Choose another, or add --force.")
    counts = write_digits(folder)
    for split, count in counts.items():
        typer.echo(f"{folder / split}: {count} images in 10 class folders")
    typer.echo(f"Train on it: mmpretrain train lenet5_digits-folder --data {folder}")


def write_digits(folder: Path) -> dict[str, int]:
    """Write the digits as PNG files in class folders; return the number of images per split."""
    from PIL import Image

    from mmpretrain.datasets.digits import SPLITS, load_digits

    counts = {}
    for split in SPLITS:
        images, labels = load_digits(split)
        for index, (image, label) in enumerate(zip(images, labels)):
            path = folder / split / str(label) / f"{index:04d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
        counts[split] = len(labels)
    return counts
