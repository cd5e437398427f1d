"""``mmpretrain run`` and ``mmpretrain compat``: old import names for scripts."""

from __future__ import annotations

import importlib.metadata
import runpy
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from mmpretrain.compat import everywhere
from mmpretrain.errors import ConfigError, MissingFileError
from mmpretrain.utils.former import FORMER

#: How Typer treats the options of a command that belong to the script.
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def run(
    context: typer.Context,
    script: Annotated[str, typer.Argument(metavar="SCRIPT", help="The script.")],
) -> None:
    """Run a script for MMClassification, MMPretrain 1.x, MMEngine or MMCV; its imports find what they name.

    Example:
    `mmpretrain run my_script.py --its-option 3`
    """
    path = Path(script)
    if not path.is_file():
        raise MissingFileError(f"There is no script {script!r}", hint="Check the path.")
    arguments, folders = sys.argv, sys.path[:]
    sys.argv = [script, *context.args]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        sys.argv, sys.path[:] = arguments, folders


def compat(
    action: Annotated[Literal["on", "off", "status"], typer.Argument(help="What to do.")] = "status",
) -> None:
    """Serve old import names (mmcv, mmengine, mmcls, mmselfsup) in every Python of this environment, or not.

    `on` writes one file into the folder of the environment's packages, and `off` removes it. Without it, the
    names are known after `import mmpretrain`, and in `mmpretrain run SCRIPT`.

    Examples: `mmpretrain compat on`, `mmpretrain compat status`.
    """
    path = everywhere.file()
    try:
        if action == "on":
            everywhere.switch_on()
        elif action == "off":
            everywhere.switch_off()
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be changed ({error.strerror})", hint="Use a virtual environment."
        ) from error
    on = path.is_file()
    typer.echo(f"Old import names are {'on' if on else 'off'} in every Python of this environment ({path}).")
    installed = [name for name in sorted(FORMER) if _is_installed(name)]
    if installed:
        typer.echo(f"Really installed, and therefore left alone: {', '.join(installed)}.")


def _is_installed(name: str) -> bool:
    owners = importlib.metadata.packages_distributions()
    return name in owners
