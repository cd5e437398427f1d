"""Keeping two processes from writing to the same folder. A dead process holds no lock."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from mmpretrain.errors import ConfigError
from mmpretrain.utils.logging import get_logger

#: The folders that this process holds. The system's locks are between processes only.
_held: set[tuple[int, str]] = set()
_warned = False


class FolderLock:
    """While entered, no other process, and no other lock in this one, can enter for the same folder.

    The lock is the system's own on a file in the folder. It belongs to the process: it is released when the
    process ends in any way, and data workers do not inherit it. On a file system without locks, a warning
    says once that the folder is not protected.

    Args:
        folder: The folder, which must exist.
        name: Name of the file.
    """

    def __init__(self, folder: str | os.PathLike[str], name: str = ".lock") -> None:
        self.path = Path(folder).resolve() / name
        self._descriptor: int | None = None

    def __enter__(self) -> FolderLock:
        key = (os.getpid(), str(self.path))
        if key in _held:
            raise self._taken("this process")
        try:
            descriptor = self._open()
            while not _same_file(descriptor, self.path):  # removed by whoever held it until now
                os.close(descriptor)
                descriptor = self._open()
        except OSError as error:
            _go_on_unprotected(self.path.parent, error)
            return self
        self._descriptor = descriptor
        _held.add(key)
        self._sign(descriptor)
        return self

    def _open(self) -> int:
        """Open and lock the file."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            _lock(descriptor)
        except OSError as error:
            taken = error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
            owner = _owner(descriptor)
            os.close(descriptor)
            if taken:
                raise self._taken(owner) from error
            raise
        return descriptor

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            _held.discard((os.getpid(), str(self.path)))
            with suppress(OSError):  # where an open file cannot be deleted, or the folder is gone
                self.path.unlink()
            os.close(descriptor)

    def _taken(self, owner: str) -> ConfigError:
        return ConfigError(
            f"Another run is writing to {self.path.parent} ({owner})",
            hint="Wait for it, stop it, or choose another folder with --work-dir.",
        )

    @staticmethod
    def _sign(descriptor: int) -> None:
        """Write who holds the lock, for the message to others; on a full disk, they are not told."""
        data = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        try:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps(data).encode())
        except OSError as error:
            get_logger().debug("The lock cannot be signed: %s", error)


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _owner(descriptor: int) -> str:
    try:
        data = json.loads(os.read(descriptor, 4096))
        return f"process {int(data['pid'])} on {str(data['host'])[:100]!r} since {str(data['since'])[:30]!r}"
    except (KeyError, OSError, TypeError, ValueError):
        return "a process that does not say who it is"


def _go_on_unprotected(folder: Path, error: OSError) -> None:
    global _warned
    if not _warned:
        _warned = True
        get_logger().warning(
            f"{folder} cannot be locked ({error.strerror}): take care that no other run writes to it."
        )


if sys.platform == "win32":
    import msvcrt

    #: Far behind what is written, which others could not read otherwise.
    _PLACE = 1 << 30

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _PLACE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        # Not `flock`: forked data workers would hold that lock after the death of the run.
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
