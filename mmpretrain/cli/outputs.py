"""Output paths of commands: existing files are overwritten only with ``--force``."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from mmpretrain.errors import ConfigError

Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there.")]
#: Kinds of pictures that can be written.
PICTURES = (".png", ".jpg", ".jpeg", ".svg", ".pdf", ".webp", ".tif", ".tiff")


def new_file(path: str | Path, option: str, *, force: bool = False, suffixes: Collection[str] = ()) -> Path:
    """Check the path of a file that is to be written.

    Args:
        path: The path.
        option: The option or argument that gives it, for messages.
        force: Whether an existing file may be overwritten.
        suffixes: The endings that it may have; any by default.

    Raises:
        ConfigError: If it cannot be written.
    """
    path = Path(path).expanduser()
    if suffixes and path.suffix.lower() not in suffixes:
        raise ConfigError(f"{str(path)!r} must end with {' or '.join(suffixes)}", where=option)
    if path.is_dir():
        raise ConfigError(f"{str(path)!r} is a folder", where=option, hint="Name a file in it.")
    if path.exists() and not force:
        raise ConfigError(f"{str(path)!r} exists", where=option, hint="Name another file, or add --force.")
    return path


def new_folder(path: str | Path, option: str, *, force: bool = False) -> Path:
    """Check the path of a folder that is to be filled; see :func:`new_file`."""
    path = Path(path).expanduser()
    if path.exists() and not path.is_dir():
        raise ConfigError(f"{str(path)!r} is a file", where=option, hint="Name a folder.")
    if path.is_dir() and any(path.iterdir()) and not force:
        raise ConfigError(
            f"the folder {str(path)!r} is not empty", where=option, hint="Name another, or add --force."
        )
    return path
