"""``mmpretrain upload``."""

from __future__ import annotations

from typing import Annotated

import typer

from mmpretrain.cli.options import checkpoint_in
from mmpretrain.cli.say import say


def upload(
    checkpoint: Annotated[
        str, typer.Argument(metavar="CKPT", help="A checkpoint, or the folder of a run (its best one).")
    ],
    to: Annotated[
        str, typer.Argument(metavar="TO", help="hf://organisation/name, or a folder for the same files.")
    ],
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
    no_ema: Annotated[
        bool, typer.Option("--no-ema", help="Take the trained weights, and not their moving average.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files in a folder.")] = False,
) -> None:
    """Share a model on the Hugging Face Hub: weights, config, class names and a page.

    Others then write `hf://organisation/name` where a model or a checkpoint is asked for. `HF_TOKEN` must
    allow to write there; `pip install mmpretrain[hub]` brings what is needed.

    Examples:

    `mmpretrain upload work_dirs/my_run hf://me/my-model`

    `mmpretrain upload work_dirs/my_run my-model/` (look at the files first)
    """
    from mmpretrain import __version__
    from mmpretrain.checkpoints import repository

    source = checkpoint_in(checkpoint)
    if to.startswith("hf://"):
        page = repository.upload(source, to, ema=not no_ema, private=private, version=__version__)
        say(f"Uploaded {source} to {page}")
        return
    for path in repository.write_repository(source, to, ema=not no_ema, force=force, version=__version__):
        say(f"Wrote {path}")
