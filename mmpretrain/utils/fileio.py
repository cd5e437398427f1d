"""Reading and writing files wherever they are: disk, HTTP, S3, LMDB, memcached, zip and tar.

A place is named by a path or URL and, optionally, by ``backend_args``::

    read_bytes("data/a.jpg")
    read_bytes("https://host/a.jpg")
    read_bytes("zip://images/a.jpg::data/train.zip")
    read_bytes("images/a.jpg", dict(backend="tar", path="data/train.tar"))
    read_bytes("images/a.jpg", dict(backend="lmdb", db_path="data/train.lmdb"))
    read_bytes("data/a.jpg", dict(backend="petrel", path_mapping={"data/": "s3://bucket/"}))

``file_client_args`` of 0.x configs are ``backend_args`` under another name. Whatever else fsspec knows
(``gs://``, ``hf://``, ``simplecache::...``) works as well.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any, Literal, Protocol

from fsspec import AbstractFileSystem

from mmpretrain.errors import (
    ConfigError,
    DataError,
    MissingFileError,
    MMPretrainError,
    OptionalDependencyError,
)
from mmpretrain.utils.encodings import decode_text
from mmpretrain.utils.nearest import nearest
from mmpretrain.utils.storage import filesystem

PathLike = str | os.PathLike[str]
BackendArgs = Mapping[str, Any] | None

LOCAL = frozenset({"local", "disk", "file"})
ARCHIVES = frozenset({"zip", "tar"})
#: Other names of protocols: ``petrel://bucket/key`` is S3.
ALIASES = {"petrel": "s3", "disk": "file", "local": "file"}


# -- where a path leads --------------------------------------------------------------------------------


_default_args: ContextVar[BackendArgs] = ContextVar("default_args", default=None)


@contextmanager
def default_backend(backend_args: BackendArgs) -> Iterator[None]:
    """Use ``backend_args`` for everything that is read inside without its own."""
    token = _default_args.set(backend_args)
    try:
        yield
    finally:
        _default_args.reset(token)


def is_local(path: PathLike, backend_args: BackendArgs = None) -> bool:
    """Whether ``path`` is an ordinary path on this machine."""
    options = backend_args or _default_args.get()
    backend = options.get("backend") if options else None
    return (backend in LOCAL) if backend else "://" not in os.fspath(path)


def resolve(path: PathLike, backend_args: BackendArgs = None) -> tuple[AbstractFileSystem, str]:
    """Return the file system that holds ``path``, and the path inside it."""
    options = dict(backend_args or _default_args.get() or {})
    backend = options.pop("backend", None)
    text = os.fspath(path)
    for old, new in (options.pop("path_mapping", None) or {}).items():
        text = text.replace(old, new, 1)
    chain, chained, target = text.partition("::")
    scheme, has_scheme, _ = chain.partition("://")
    protocol = scheme.rpartition(":")[2] if has_scheme else None  # "cluster:s3://" is S3
    protocol = backend or protocol or "file"
    if protocol == "ceph":
        raise ConfigError("The backend 'ceph' is no longer there", hint="Use backend='s3', or 'petrel'.")
    protocol = ALIASES.get(protocol, protocol)
    inner = chain.partition("://")[2] if has_scheme else chain
    if protocol in ARCHIVES:
        archive = target if chained else options.pop("path", None)
        if not archive:
            raise ConfigError(
                f"The {protocol} backend needs the archive of {text!r}",
                hint=f"Write {protocol}://a.jpg::archive.{protocol}, or give backend_args a 'path'.",
            )
        return filesystem(protocol, {"fo": _ArchiveSource(archive), **options}), inner.lstrip("/")
    if chained:
        from fsspec.core import url_to_fs

        return url_to_fs(text, **options)
    if protocol in ("http", "https"):
        inner = chain
    if protocol == "file":
        inner = os.path.expanduser(inner)
    return filesystem(protocol, options), inner


class _ArchiveSource(io.RawIOBase):
    """The archive file, opened when it is first read; equal names make equal file systems."""

    def __init__(self, path: str) -> None:
        self.name = path
        self._file: IO[bytes] | None = None

    def __str__(self) -> str:
        # A file that was written again is another archive, and so is one of that name in another folder.
        try:
            return f"{os.path.abspath(self.name)} of {os.stat(self.name).st_mtime_ns}"
        except OSError:  # it is not on this machine
            return self.name

    @property
    def file(self) -> IO[bytes]:
        if self._file is None:
            with default_backend(None):  # the archive itself is read from the disk
                self._file = open_binary(self.name)
        return self._file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def read(self, size: int = -1) -> bytes:
        return self.file.read(size)

    def readinto(self, buffer: Any) -> int:
        data = self.file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def join(path: PathLike, *parts: PathLike) -> str:
    """Join like ``os.path.join``, for URLs too; an absolute part replaces what is before it."""
    text = os.fspath(path)
    for part in (os.fspath(part) for part in parts):
        if "://" in part or "://" not in text:
            text = part if "://" in part else os.path.join(text, part)
            continue
        head, chained, archive = text.partition("::")
        separator = "" if head.endswith("/") or not part else "/"
        text = f"{head}{separator}{part.lstrip('/')}{chained}{archive}"
    return text


def is_absolute(path: PathLike) -> bool:
    """Whether ``path`` does not depend on another folder; URLs do not."""
    text = os.fspath(path)
    return os.path.isabs(text) or "://" in text


class Held(Protocol):
    """A file that is made of something else when it is read."""

    def read(self) -> bytes:
        """The content of the file."""
        ...


_held: ContextVar[tuple[str, bytes | Held] | None] = ContextVar("held", default=None)


@contextmanager
def holding(path: str, data: bytes | Held) -> Iterator[None]:
    """Let :func:`read_bytes` return ``data`` for ``path``, which need not lead anywhere.

    So transforms that read files work on images that are inside of something else.
    """
    token = _held.set((path, data))
    try:
        yield
    finally:
        _held.reset(token)


def held(path: PathLike) -> bytes | Held | None:
    """What :func:`holding` has for a path."""
    found = _held.get()
    return found[1] if found and found[0] == os.fspath(path) else None


# -- reading and writing -------------------------------------------------------------------------------


def read_bytes(path: PathLike, backend_args: BackendArgs = None) -> bytes:
    """Read a whole file.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is a folder.
    """
    content = held_or_read(path, backend_args)
    return content if isinstance(content, bytes) else content.read()


def held_or_read(path: PathLike, backend_args: BackendArgs = None) -> bytes | Held:
    """What :func:`holding` has for a path, else the content of the file; see :func:`read_bytes`."""
    if (content := held(path)) is not None:
        return content
    if is_local(path, backend_args):
        try:
            return _read_local(as_local(path))
        except (OSError, ValueError) as error:  # a ValueError for a null byte in the name
            if getattr(error, "errno", None) in _OF_MACHINE:
                raise
            raise explained(error, path) from error
    try:
        system, inner = resolve(path, backend_args)
        return system.cat_file(inner)  # type: ignore[return-value]
    except Exception as error:  # each storage has its own errors
        raise explained(error, path) from error


#: Errors that are not about the file itself: too many open files, a full or broken disk, no memory.
_OF_MACHINE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EIO, errno.ENOMEM})


#: How files are opened. Without O_NONBLOCK, opening a pipe waits for a writer.
_TO_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def _read_local(path: str) -> bytes:
    """Read with one call each to open, ask for the size, read and close: half the time of a file object."""
    descriptor = os.open(path, _TO_READ)
    try:
        status = os.fstat(descriptor)
        kind, size = stat.S_IFMT(status.st_mode), status.st_size
        if kind != stat.S_IFREG and kind != stat.S_IFDIR:
            raise DataError(f"{path!r} is a pipe, a socket or a device, no file")
        data = os.read(descriptor, size)
        if 0 < size == len(data):
            return data
        with open(descriptor, "rb", closefd=False) as file:  # more than one call can give, or /proc
            return data + file.read()
    finally:
        os.close(descriptor)


def explained(error: Exception, path: PathLike) -> MMPretrainError:
    """The error that tells people why ``path`` cannot be read."""
    if isinstance(error, MMPretrainError):
        return error
    if isinstance(error, (FileNotFoundError, KeyError)):  # archives raise a KeyError
        return MissingFileError(
            f"There is no file {os.fspath(path)!r}", hint=nearest(as_local(path)) if is_local(path) else None
        )
    if isinstance(error, IsADirectoryError):
        return DataError(f"{os.fspath(path)!r} is a folder, a file was expected")
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return DataError("This symbolic link leads to itself", where=os.fspath(path))
    if isinstance(error, OSError) and error.errno == errno.ENXIO:  # of a socket
        return DataError(f"{os.fspath(path)!r} is a pipe, a socket or a device, no file")
    reason = " ".join(str(getattr(error, "strerror", None) or error).split()) or type(error).__name__
    if isinstance(error, ImportError):
        return OptionalDependencyError(f"{os.fspath(path)!r} needs a package that is not installed: {reason}")
    return DataError(f"{os.fspath(path)!r} cannot be read: {reason}")


def read_text(path: PathLike, encoding: str = "utf-8", backend_args: BackendArgs = None) -> str:
    """Read a text file; a byte order mark is dropped and every line ends with a line feed.

    With the usual encoding, UTF-16 and Chinese in GB18030 are recognised.

    Raises:
        DataError: If the bytes are not text in that encoding.
    """
    data = read_bytes(path, backend_args)
    try:
        usual = encoding.lower() in ("utf-8", "utf8")
        text = decode_text(data, os.fspath(path)) if usual else data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"Byte {data[error.start]:#04x} is not {encoding}",
            where=f"{os.fspath(path)}:{line}",
            hint="Save the file as UTF-8.",
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_lines(path: PathLike, encoding: str = "utf-8", backend_args: BackendArgs = None) -> list[str]:
    """Lines of a text file without their ends; what follows the last line end counts only if not empty."""
    lines = read_text(path, encoding, backend_args).split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def write_bytes(data: bytes, path: PathLike, backend_args: BackendArgs = None) -> None:
    """Write a whole file; missing folders are made."""
    if is_local(path, backend_args):
        target = Path(as_local(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    else:
        system, inner = resolve(path, backend_args)
        system.pipe_file(inner, data)


def write_text(text: str, path: PathLike, encoding: str = "utf-8", backend_args: BackendArgs = None) -> None:
    """Write a text file; missing folders are made."""
    write_bytes(text.encode(encoding), path, backend_args)


def open_binary(path: PathLike, backend_args: BackendArgs = None) -> IO[bytes]:
    """Open a file for reading bytes; it can seek."""
    try:
        if is_local(path, backend_args):
            return open(as_local(path), "rb")
        system, inner = resolve(path, backend_args)
        return system.open(inner, "rb")  # type: ignore[return-value]
    except Exception as error:  # each storage has its own errors
        raise explained(error, path) from error


@contextmanager
def local_path(path: PathLike, backend_args: BackendArgs = None) -> Iterator[str]:
    """Yield a local path of ``path``; the copy of a remote file is deleted afterwards."""
    if is_local(path, backend_args):
        yield as_local(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, re.split(r"[/\\]", os.fspath(path).partition("::")[0])[-1] or "file")
        Path(copy).write_bytes(read_bytes(path, backend_args))
        yield copy


# -- looking around ------------------------------------------------------------------------------------


def exists(path: PathLike, backend_args: BackendArgs = None) -> bool:
    """Whether there is a file or folder of that name."""
    if is_local(path, backend_args):
        return os.path.exists(as_local(path))
    return _ask("exists", path, backend_args)


def is_file(path: PathLike, backend_args: BackendArgs = None) -> bool:
    """Whether there is a file of that name."""
    if is_local(path, backend_args):
        return os.path.isfile(as_local(path))
    return _ask("isfile", path, backend_args)


def is_folder(path: PathLike, backend_args: BackendArgs = None) -> bool:
    """Whether there is a folder of that name."""
    if is_local(path, backend_args):
        return os.path.isdir(as_local(path))
    return _ask("isdir", path, backend_args)


def _ask(question: Literal["exists", "isfile", "isdir"], path: PathLike, backend_args: BackendArgs) -> bool:
    try:
        system, inner = resolve(path, backend_args)
        return getattr(system, question)(inner)
    except MissingFileError:  # the archive that would hold it
        return False
    except Exception as error:  # each storage has its own errors
        raise explained(error, path) from error


def as_local(path: PathLike) -> str:
    """Return a local path without ``file://`` and with the folder of ``~``."""
    text = os.fspath(path).removeprefix("file://")
    return os.path.expanduser(text) if text.startswith("~") else text
