"""``mmpretrain verify-dataset``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import typer

from mmpretrain.cli.options import CfgOptions, Data, load_config
from mmpretrain.cli.outputs import Force, new_file
from mmpretrain.cli.say import say

Phase: TypeAlias = Literal["train", "test", "val"]
#: How many broken images are printed.
SHOWN = 20


def verify_dataset(
    config: Annotated[
        str | None,
        typer.Argument(
            metavar="CONFIG|NAME",
            help="A config file, the folder of a run, or a config of the zoo; `--data` does without.",
            show_default=False,
        ),
    ] = None,
    out_path: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="Where to list broken images; nothing is written if there are none."
        ),
    ] = Path("brokenfiles.log"),
    phase: Annotated[Phase, typer.Option(help="Which data.")] = "train",
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

    `mmpretrain verify-dataset --data packed/fruit --phase val`
    """
    from mmpretrain.analysis.verify import check_images
    from mmpretrain.utils.atomic import write_atomic
    from mmpretrain.utils.progress import track
    from mmpretrain.utils.text import visible

    out = new_file(out_path, "--out-path", force=force)
    dataset = _dataset(config, data, phase, cfg_options)
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


def _dataset(config: str | None, data: str | None, phase: Phase, cfg_options: list[str] | None) -> Any:
    """The data of a config, other data with its pipelines, or data alone.

    Raises:
        typer.BadParameter: If neither is given, or settings of a config that is not.
    """
    from mmpretrain.analysis.datasets import build_dataset
    from mmpretrain.cli.overrides import use_data
    from mmpretrain.datasets.from_spec import dataset_from_spec
    from mmpretrain.registry import DATASETS

    if config is not None:
        cfg = load_config(config, cfg_options)
        if data is not None:
            use_data(cfg, data)
        return build_dataset(cfg, phase)
    if data is None:
        raise typer.BadParameter("Give a config, or --data DATA.", param_hint="CONFIG")
    if cfg_options:
        raise typer.BadParameter(
            "There is no config whose settings they could change.", param_hint="--cfg-options"
        )
    return DATASETS.build(dataset_from_spec(data, phase))
