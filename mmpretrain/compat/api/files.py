"""Reading, writing and finding files, under the names of MMEngine and MMCV."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.utils import fileio, listing, plain_data
from mmpretrain.utils.fileio import BackendArgs, PathLike


def _storage(file_client_args: BackendArgs, backend_args: BackendArgs) -> BackendArgs:
    return backend_args if backend_args is not None else file_client_args


def list_from_file(
    filename: PathLike,
    prefix: str = "",
    offset: int = 0,
    max_num: int = 0,
    encoding: str = "utf-8",
    file_client_args: BackendArgs = None,
    backend_args: BackendArgs = None,
) -> list[str]:
    """Read a text file as a list of its lines.

    Args:
        filename: The file.
        prefix: What to put before each line.
        offset: Lines to skip.
        max_num: Lines to read; 0 means all.
        encoding: How its text is encoded.
        file_client_args: Former name of ``backend_args``.
        backend_args: Where the file is stored.
    """
    lines = fileio.read_text(filename, encoding, _storage(file_client_args, backend_args)).split("\n")
    if lines and not lines[-1]:
        lines.pop()
    end = offset + max_num if max_num > 0 else None
    return [prefix + line.rstrip("\r") for line in lines[offset:end]]


def dict_from_file(
    filename: PathLike,
    key_type: Callable[[str], Any] = str,
    encoding: str = "utf-8",
    file_client_args: BackendArgs = None,
    backend_args: BackendArgs = None,
) -> dict[Any, str | list[str]]:
    """Read a text file whose lines are a key and one or several values, separated by spaces."""
    mapping: dict[Any, str | list[str]] = {}
    storage = _storage(file_client_args, backend_args)
    for number, line in enumerate(list_from_file(filename, encoding=encoding, backend_args=storage), 1):
        key, *values = line.split(" ")
        if not values:
            raise DataError(f"The line {line!r} has no value", where=f"{filename}:{number}")
        mapping[key_type(key)] = values[0] if len(values) == 1 else values
    return mapping


def load(
    file: PathLike | IO[Any],
    file_format: str | None = None,
    file_client_args: BackendArgs = None,
    backend_args: BackendArgs = None,
    **kwargs: Any,
) -> Any:
    """Read plain data from a JSON, YAML or pickle file; a pickle cannot run code.

    Args:
        file: The file, or an open one with ``file_format``.
        file_format: ``'json'``, ``'yaml'``, ``'yml'``, ``'pkl'`` or ``'pickle'``; by default the suffix says.
        file_client_args: Former name of ``backend_args``.
        backend_args: Where the file is stored.
        **kwargs: Accepted for compatibility.
    """
    if isinstance(file, (str, os.PathLike)):
        return plain_data.load(file, file_format, _storage(file_client_args, backend_args))
    content = file.read()
    if file_format == "json":
        return json.loads(content)
    if file_format in ("yaml", "yml"):
        import yaml

        return yaml.safe_load(content)
    if file_format in ("pkl", "pickle"):
        return plain_data.load_pickle(content)
    raise DataError(f"The format of an open file must be named, got {file_format!r}")


def dump(
    obj: Any,
    file: PathLike | IO[Any] | None = None,
    file_format: str | None = None,
    file_client_args: BackendArgs = None,
    backend_args: BackendArgs = None,
    **kwargs: Any,
) -> str | bytes | None:
    """Write data as JSON, YAML or pickle.

    Args:
        obj: The data.
        file: Where to write; with None the text is returned.
        file_format: ``'json'``, ``'yaml'``, ``'yml'``, ``'pkl'`` or ``'pickle'``; by default the suffix says.
        file_client_args: Former name of ``backend_args``.
        backend_args: Where the file is stored.
        **kwargs: Passed to the writer, such as ``indent``.
    """
    if file_format is None and isinstance(file, (str, os.PathLike)):
        file_format = os.path.splitext(file)[1].lstrip(".")
    content = _encode(obj, file_format, kwargs)
    if file is None:
        return content
    if isinstance(file, (str, os.PathLike)):
        data = content if isinstance(content, bytes) else content.encode()
        fileio.write_bytes(data, file, _storage(file_client_args, backend_args))
    else:
        file.write(content)
    return None


def _encode(obj: Any, file_format: str | None, options: dict[str, Any]) -> str | bytes:
    if file_format == "json":
        options.setdefault("default", _for_json)
        return json.dumps(obj, **options)
    if file_format in ("yaml", "yml"):
        import yaml

        options.setdefault("sort_keys", False)
        return yaml.safe_dump(obj, **options)
    if file_format in ("pkl", "pickle"):
        import pickle

        options.setdefault("protocol", 2)
        return pickle.dumps(obj, **options)
    raise DataError(f"Data cannot be written as {file_format!r}", hint="Use json, yaml, yml, pkl or pickle.")


def _for_json(value: Any) -> Any:
    if isinstance(value, (set, frozenset, range)):
        return list(value)
    if hasattr(value, "tolist"):  # arrays and numbers of NumPy, tensors
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no counterpart in JSON")


def get(filepath: PathLike, backend_args: BackendArgs = None) -> bytes:
    """Read a file as bytes."""
    return fileio.read_bytes(filepath, backend_args)


def get_text(filepath: PathLike, encoding: str = "utf-8", backend_args: BackendArgs = None) -> str:
    """Read a file as text."""
    return fileio.read_text(filepath, encoding, backend_args)


def put(obj: bytes, filepath: PathLike, backend_args: BackendArgs = None) -> None:
    """Write bytes to a file; its folder is made if need be."""
    fileio.write_bytes(obj, filepath, backend_args)


def put_text(obj: str, filepath: PathLike, backend_args: BackendArgs = None) -> None:
    """Write a text to a file; its folder is made if need be."""
    fileio.write_text(obj, filepath, backend_args=backend_args)


def join_path(filepath: PathLike, *filepaths: PathLike, backend_args: BackendArgs = None) -> str:
    """Join the parts of a path or of a URL."""
    return fileio.join(filepath, *filepaths)


def get_local_path(filepath: PathLike, backend_args: BackendArgs = None) -> AbstractContextManager[str]:
    """Return a context in which a file is on the local disk."""
    return fileio.local_path(filepath, backend_args)


def list_dir_or_file(
    dir_path: PathLike,
    list_dir: bool = True,
    list_file: bool = True,
    suffix: str | tuple[str, ...] | None = None,
    recursive: bool = False,
    backend_args: BackendArgs = None,
) -> Iterator[str]:
    """List what a folder holds, by paths relative to it."""
    return listing.list_dir(
        dir_path,
        folders=list_dir,
        files=list_file,
        suffix=suffix,
        recursive=recursive,
        backend_args=backend_args,
    )


def copyfile(src: PathLike, dst: PathLike, backend_args: BackendArgs = None) -> str:
    """Copy a file to a path, or into a folder, and return the new path."""
    target = os.path.join(dst, os.path.basename(src)) if os.path.isdir(dst) else os.fspath(dst)
    fileio.write_bytes(fileio.read_bytes(src, backend_args), target, backend_args)
    return target


def remove(filepath: PathLike, backend_args: BackendArgs = None) -> None:
    """Delete a file."""
    if not fileio.exists(filepath, backend_args):
        raise MissingFileError(f"There is no file {os.fspath(filepath)!r}")
    system, path = fileio.resolve(filepath, backend_args)
    system.rm_file(path)


def mkdir_or_exist(dir_name: str, mode: int = 0o777) -> None:
    """Make a folder and those above it, unless it is there."""
    if dir_name:
        os.makedirs(os.path.expanduser(dir_name), mode=mode, exist_ok=True)


def check_file_exist(filename: PathLike, msg_tmpl: str = 'file "{}" does not exist') -> None:
    """Raise FileNotFoundError if there is no such file."""
    if not os.path.isfile(filename):
        raise FileNotFoundError(msg_tmpl.format(filename))


def fopen(filepath: PathLike, *args: Any, **kwargs: Any) -> IO[Any]:
    """Open a file."""
    if not isinstance(filepath, (str, Path)):
        raise ValueError(f"filepath must be a string or a Path, got {type(filepath).__name__}")
    return open(filepath, *args, **kwargs)


def exists(filepath: PathLike, backend_args: BackendArgs = None) -> bool:
    """Whether there is such a file or folder."""
    return fileio.exists(filepath, backend_args)


def isfile(filepath: PathLike, backend_args: BackendArgs = None) -> bool:
    """Whether there is such a file."""
    return fileio.is_file(filepath, backend_args)


def isdir(filepath: PathLike, backend_args: BackendArgs = None) -> bool:
    """Whether there is such a folder."""
    return fileio.is_folder(filepath, backend_args)


def is_abs(path: PathLike) -> bool:
    """Whether a path is absolute, or a URL."""
    return fileio.is_absolute(path)


def symlink(src: PathLike, dst: PathLike, overwrite: bool = True, **kwargs: Any) -> None:
    """Make a symbolic link to ``src`` at ``dst``."""
    if overwrite and os.path.lexists(dst):
        os.remove(dst)
    os.symlink(src, dst, **kwargs)


def scandir(
    dir_path: PathLike,
    suffix: str | tuple[str, ...] | None = None,
    recursive: bool = False,
    case_sensitive: bool = True,
) -> Iterator[str]:
    """Find files below a folder, by paths relative to it; hidden ones do not count."""
    ends = None if suffix is None else (suffix,) if isinstance(suffix, str) else tuple(suffix)
    if ends is not None and not case_sensitive:
        ends = tuple(end.lower() for end in ends)
    for folder, folders, files in os.walk(dir_path):
        folders[:] = sorted(folders) if recursive else []
        for name in sorted(files):
            compared = name if case_sensitive else name.lower()
            if not name.startswith(".") and (ends is None or compared.endswith(ends)):
                yield os.path.relpath(os.path.join(folder, name), dir_path)


def find_vcs_root(path: PathLike, markers: tuple[str, ...] = (".git",)) -> str | None:
    """Return the folder of a working copy that a path belongs to."""
    start = Path(path).resolve()
    folders = [start, *start.parents] if start.is_dir() else [*start.parents]
    found = (folder for folder in folders if any((folder / marker).exists() for marker in markers))
    return next(map(str, found), None)


def rmtree(dir_path: PathLike, backend_args: BackendArgs = None) -> None:
    """Delete a folder of the local disk with all that is in it."""
    if not fileio.is_local(dir_path, backend_args):
        raise DataError("Only folders of the local disk are deleted", where=os.fspath(dir_path))
    shutil.rmtree(dir_path)
