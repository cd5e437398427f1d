"""``mmpretrain verify-dataset``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mmpretrain.cli.options import CfgOptions, ConfigArgument, Data, load_config
from mmpretrain.cli.outputs import Force, new_file
from mmpretrain.cli.say import say

#: How many broken images are printed.
SHOWN = 20


def verify_dataset(
    config: ConfigArgument,
    out_path: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="Where to list broken images; nothing is written if there are none."
        ),
    ] = Path("brokenfiles.log"),
    phase: Annotated[Literal["train", "test", "val"], typer.Option(help="Which data.")] = "train",
    num_process: Annotated[
        int, typer.Option(metavar="N", min=1, help="Images to decode at the same time.")
    ] = 4,
    data: Data = None,
    force: Force = False,
    cfg_options: CfgOptions = None,
) -> None:
    """Decode every image of a data set, and list those that cannot be read.

    The exit code is 2 if there are any.

    Examples:

    `mmpretrain verify-dataset resnet50_8xb32_in1k --phase val`

    `mmpretrain verify-dataset my_config.py --out-path broken.log --num-process 8`

    `mmpretrain verify-dataset resnet50_8xb32_in1k --data data/fruit`
    """
    from mmpretrain.analysis.datasets import build_dataset
    from mmpretrain.analysis.verify import check_images
    from mmpretrain.cli.overrides import use_data
    from mmpretrain.utils.atomic import write_atomic
    from mmpretrain.utils.progress import track
    from mmpretrain.utils.text import visible

    out = new_file(out_path, "--out-path", force=force)
    cfg = load_config(config, cfg_options)
    if data is not None:
        use_data(cfg, data)
    dataset = build_dataset(cfg, phase)
    total = len(dataset)
    found = track(check_images(dataset, num_process), f"{phase} images", total=total)
    broken = [item for item in found if item is not None]
    say(f"{total} images of {phase} were read, {len(broken)} of them cannot be.")
    for item in broken[:SHOWN]:
        say(f"  {visible(item.path)}: {visible(item.reason)}")
    if not broken:
        return
    if len(broken) > SHOWN:
        say(f"  and {len(broken) - SHOWN} more")
    text = "".join(f"{visible(item.path)}\t{visible(item.reason)}\n" for item in broken)
    write_atomic(out, lambda file: file.write(text.encode("utf-8", "surrogateescape")))
    say(f"They are listed in {out}.")
    raise typer.Exit(2)
