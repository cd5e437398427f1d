"""Weights in an installed Python package: ``pkg://package/folder/file.pth``."""

from __future__ import annotations

import importlib.util
from pathlib import Path, PurePosixPath

from mmpretrain.errors import ConfigError, MissingFileError

SCHEME = "pkg://"


def is_in_package(source: str) -> bool:
    """Whether this names a file of a package."""
    return source.startswith(SCHEME)


def find_in_package(source: str) -> Path:
    """Return the path of a file in an installed package; the package is not imported.

    Args:
        source: ``pkg://package/path``.

    Raises:
        ConfigError: If this is no such name.
        MissingFileError: If the package is not installed, or has no such file.
    """
    package, _, name = source.removeprefix(SCHEME).partition("/")
    parts = PurePosixPath(name).parts
    if not package.isidentifier() or not parts or ".." in parts or parts[0] == "/" or "\\" in name:
        raise ConfigError(
            f"{source!r} does not name a file of a package", hint="Write pkg://package/folder/file.pth."
        )
    spec = importlib.util.find_spec(package)
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    if not folders:
        raise MissingFileError(
            f"{source} lies in the package {package}, which is not installed",
            hint=f"pip install {package.replace('_', '-')}",
        )
    for folder in folders:
        path = folder.joinpath(*parts)
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            return path
    raise MissingFileError(f"The package {package} has no file {name}; it lies in {folders[0]}")
