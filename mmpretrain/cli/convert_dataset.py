"""``mmpretrain convert-dataset``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from mmpretrain.cli.outputs import Force, new_file
from mmpretrain.cli.say import say


def convert_dataset(
    kind: Annotated[
        Literal["imagenet-subset", "inaturalist", "flickr30k"],
        typer.Argument(help="Whose annotations they are."),
    ],
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="The publisher's file.")
    ] = "dataset_flickr30k.json",
    output: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="The list to write; for flickr30k, a folder.")
    ] = Path("."),
    train_list: Annotated[
        str, typer.Option(metavar="FILE", help="imagenet-subset: the list of the whole training set.")
    ] = "data/imagenet/meta/train.txt",
    force: Force = False,
) -> None:
    """Turn a publisher's annotations into the files that data sets here read.

    Examples:

    `mmpretrain convert-dataset imagenet-subset 1percent.txt data/imagenet/meta/train_1percent.txt`

    `mmpretrain convert-dataset inaturalist train2018.json train.txt`

    `mmpretrain convert-dataset flickr30k dataset_flickr30k.json annotations/`
    """
    from mmpretrain.datasets import converters
    from mmpretrain.utils.atomic import write_atomic

    if kind == "flickr30k":
        for split in converters.FLICKR_SPLITS:
            path = new_file(output / f"flickr30k_{split}_gt.json", "OUTPUT", force=force)
            content = json.dumps(converters.flickr30k(source, split))
            write_atomic(path, lambda file, text=content: file.write(text.encode()))
            say(f"Wrote {path}.")
        return
    path = new_file(output, "OUTPUT", force=force)
    options = {"train_list": train_list} if kind == "imagenet-subset" else {}
    lines = list(converters.LISTS[kind](source, **options))
    write_atomic(path, lambda file: file.write("".join(f"{line}\n" for line in lines).encode()))
    say(f"Wrote {len(lines)} lines to {path}.")
