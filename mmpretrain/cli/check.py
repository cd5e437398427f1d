"""``mmpretrain check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mmpretrain.cli.options import CfgOptions, ConfigArgument, load_config
from mmpretrain.cli.say import say

if TYPE_CHECKING:
    from mmpretrain.config import Config


def check(
    config: ConfigArgument,
    no_files: Annotated[
        bool, typer.Option("--no-files", help="Do not look for the data and checkpoints that it names.")
    ] = False,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="[DATA]",
            help="Read the data as well: classes, labels, files, some of the images. Those of the config, "
            "or others, as for `mmpretrain train`.",
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Like --data, with every image, and images that are in two splits.")
    ] = False,
    cfg_options: CfgOptions = None,
) -> None:
    """Find the mistakes in a config without building anything: all at once, each with its file and line.

    Examples:

    `mmpretrain check my_config.py`

    `mmpretrain check resnet50_8xb32_in1k --no-files`

    `mmpretrain check my_config.py --full`

    `mmpretrain check resnet50_8xb32_in1k --data photos/`
    """
    from mmpretrain.config.validate import remarks, validate

    cfg = load_config(config, cfg_options)
    if data:
        from mmpretrain.cli.overrides import use_data

        use_data(cfg, data)
    problems = validate(cfg, files=not no_files)
    for item in problems:
        say(str(item), fg="red")
    if problems:
        say(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in {config}.")
        raise typer.Exit(2)
    for item in remarks(cfg):
        say(f"note: {item}", fg="yellow")
    say(f"No problem in {config}.")
    if data is not None or full:
        _check_data(cfg, full)


def _check_data(cfg: Config, full: bool) -> None:
    from mmpretrain.datasets.preflight import HARD, preflight, table

    found = preflight(cfg, full=full)
    say(table(found) if found else "No problem in the data.")
    if any(problem.level == HARD for problem in found):
        raise typer.Exit(2)
