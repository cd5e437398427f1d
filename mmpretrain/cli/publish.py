"""``mmpretrain publish``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmpretrain.cli.options import checkpoint_in
from mmpretrain.cli.say import say


def publish(
    in_file: Annotated[
        str,
        typer.Argument(
            metavar="IN", help="A checkpoint: path, address, or the folder of a run (its best one)."
        ),
    ],
    out_file: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="Where to write it: NAME.pth becomes NAME-<hash>.pth; or .safetensors."
        ),
    ],
    no_ema: Annotated[
        bool, typer.Option("--no-ema", help="Publish the trained weights, and not their moving average.")
    ] = False,
    dataset_type: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Data set whose class names to add, if there are none: ImageNet, CIFAR10, ...",
        ),
    ] = None,
) -> None:
    """Make a checkpoint ready for others: weights, class names and config, named by its hash.

    Examples:

    `mmpretrain publish work_dirs/resnet50/epoch_100.pth resnet50_fruit.pth`

    `mmpretrain publish work_dirs/resnet50 resnet50_fruit.safetensors`
    """
    from mmpretrain import __version__
    from mmpretrain.checkpoints import publishing

    classes = None if dataset_type is None else _classes(dataset_type)
    final = publishing.publish(
        checkpoint_in(in_file), out_file, ema=not no_ema, dataset_meta=classes, version=__version__
    )
    say(f"Successfully generated the publish-ckpt as {final}.")


def _classes(name: str) -> dict[str, object]:
    from mmpretrain.errors import ConfigError
    from mmpretrain.registry import DATASETS

    meta = getattr(DATASETS.get(name), "METAINFO", None)
    if not meta:
        raise ConfigError(f"the data set {name!r} does not say which classes it has", where="--dataset-type")
    return dict(meta)
