"""Printing for people: texts of files and of strangers are shown, never obeyed by the terminal."""

from __future__ import annotations

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
