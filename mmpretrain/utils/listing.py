"""What is in a folder, wherever it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from fsspec import AbstractFileSystem

from mmpretrain.errors import MissingFileError
from mmpretrain.utils.fileio import BackendArgs, PathLike, as_local, explained, is_local, resolve
from mmpretrain.utils.nearest import nearest


def list_dir(
    path: PathLike,
    *,
    folders: bool = True,
    files: bool = True,
    suffix: str | tuple[str, ...] | None = None,
    recursive: bool = False,
    backend_args: BackendArgs = None,
) -> Iterator[str]:
    """Names below a folder, relative to it, in no particular order.

    Hidden entries are left out. A link to a folder that contains it is not followed.

    Args:
        path: The folder.
        folders: Whether to give folders.
        files: Whether to give files.
        suffix: Give only files whose name ends so.
        recursive: Whether to go into sub-folders.
        backend_args: Options of the storage.

    Raises:
        MissingFileError: If there is no such folder.
    """
    if is_local(path, backend_args):
        root = as_local(path)
        if not os.path.isdir(root):
            raise MissingFileError(f"There is no folder {os.fspath(path)!r}", hint=nearest(root))
        entries = _walk_local(root, "", recursive)
    else:
        try:
            system, inner = resolve(path, backend_args)
            entries = list(_walk_remote(system, inner, recursive))
            if not entries and not system.exists(inner):  # some storages list what is not there as empty
                raise FileNotFoundError(inner)
        except FileNotFoundError as error:
            raise MissingFileError(f"There is no folder {os.fspath(path)!r}") from error
        except Exception as error:  # each storage has its own errors
            raise explained(error, path) from error
    for name, is_dir in entries:
        if (folders and suffix is None) if is_dir else (files and (suffix is None or name.endswith(suffix))):
            yield name


def _walk_local(folder: str, prefix: str, recursive: bool) -> Iterator[tuple[str, bool]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            name = prefix + entry.name
            with suppress(OSError):  # a link that leads in a circle has no type
                if entry.is_dir():
                    yield name, True
                    if recursive and not (entry.is_symlink() and _contains(entry.path, folder)):
                        yield from _walk_local(entry.path, name + os.sep, recursive)
                elif entry.is_file():
                    yield name, False


def _contains(link: str, folder: str) -> bool:
    target = os.path.realpath(link)
    return os.path.commonpath([target, os.path.realpath(folder)]) == target


def _walk_remote(system: AbstractFileSystem, root: str, recursive: bool) -> Iterator[tuple[str, bool]]:
    found = system.find(root, withdirs=True, detail=True) if recursive else None
    entries = list(found.values()) if isinstance(found, dict) else system.ls(root, detail=True)
    base = root.strip("/")
    for entry in entries:
        name = entry["name"].strip("/")
        name = name[len(base) :].strip("/") if name.startswith(base) else name
        if name and not any(part.startswith(".") for part in name.split("/")):
            yield name, entry["type"] == "directory"
