"""Printing for people: texts of files and of strangers are shown, never obeyed by the terminal."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

import typer

from mmpretrain.utils.text import lines


def say(text: object, *, nl: bool = True, err: bool = False, **style: Any) -> None:
    """Print a text; control characters other than line feeds and tabs appear as escapes.

    Args:
        text: The text.
        nl: End with a line feed.
        err: Print to standard error.
        **style: Style of ``click.style``, such as ``fg="red"``.
    """
    typer.secho(lines(text), nl=nl, err=err, **style)


def shown(path: str | os.PathLike[str]) -> str:
    """Return a path as people would type it: relative if it is below the current folder."""
    path = Path(path)
    return shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))
