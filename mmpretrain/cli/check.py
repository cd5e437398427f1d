"""``mmpretrain check``."""

from __future__ import annotations

from typing import Annotated

import typer

from mmpretrain.cli.options import CfgOptions, ConfigArgument, load_config


def check(
    config: ConfigArgument,
    no_files: Annotated[
        bool, typer.Option("--no-files", help="Do not look for the data and checkpoints that it names.")
    ] = False,
    cfg_options: CfgOptions = None,
) -> None:
    """Find the mistakes in a config without building anything: all at once, each with its file and line.

    Examples:

    `mmpretrain check my_config.py`

    `mmpretrain check resnet50_8xb32_in1k --no-files`
    """
    from mmpretrain.config.validate import validate

    problems = validate(load_config(config, cfg_options), files=not no_files)
    for item in problems:
        typer.secho(str(item), fg="red")
    if problems:
        typer.echo(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in {config}.")
        raise typer.Exit(2)
    typer.echo(f"No problem in {config}.")
