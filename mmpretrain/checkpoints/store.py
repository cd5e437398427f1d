"""The checkpoint files of a run: writing, reading and removing them, and finding the one to continue from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor

from mmpretrain.checkpoints import serialization
from mmpretrain.checkpoints.run_folder import RunFolder, is_plain_name
from mmpretrain.errors import ConfigError, MMPretrainError
from mmpretrain.utils import fileio
from mmpretrain.utils.logging import get_logger


class CheckpointStore:
    """The checkpoints of a work folder. Each file is whole at any moment, whatever happens to the process.

    Args:
        folder: The work folder, which holds the pointer to the latest checkpoint.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.run = RunFolder(folder)

    def save(self, checkpoint: dict[str, Any], path: str, backend_args: dict | None = None) -> None:
        """Write a checkpoint."""
        if fileio.is_local(path, backend_args):
            serialization.save(checkpoint, path)
        else:
            fileio.write_bytes(serialization.to_bytes(checkpoint), path, backend_args)

    def save_sharded(self, checkpoint: dict[str, Any], path: str, backend_args: dict | None = None) -> None:
        """Write a checkpoint with tensors in pieces; every process must call this."""
        if not fileio.is_local(path, backend_args):
            raise ConfigError(
                f"Checkpoints in pieces need a folder that all processes see, and {path} is none",
                hint="Use state_dict_cfg='full' in the strategy.",
            )
        _sharded().save(checkpoint, path)

    def load(
        self, path: str, map_location: Any = "cpu", allocate: Callable[[Tensor], Tensor] | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint; no code in it runs.

        Args:
            path: A file, or the folder of a checkpoint in pieces.
            map_location: Where the tensors of a file go.
            allocate: Where those in pieces go; see :func:`mmpretrain.checkpoints.sharded.load`.
        """
        with fileio.local_path(path) as local:
            if Path(local).is_dir():
                return _sharded().load(local, allocate)
            return serialization.load(local, map_location)

    def join(self, folder: str, name: str) -> str:
        """Return the path of a file in a folder."""
        return fileio.join(folder, name)

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return fileio.exists(path)

    def holds(self, folder: str, path: str) -> bool:
        """Whether a checkpoint is in a folder, and not in one below it."""
        if fileio.is_local(folder) and fileio.is_local(path):
            return os.path.realpath(os.path.dirname(path)) == os.path.realpath(folder)
        return path.rpartition("/")[0] == folder.rstrip("/")

    def remove(self, folder: str, name: str, backend_args: dict | None = None) -> None:
        """Delete a checkpoint from a folder, if it is there; a link is deleted, and not what it leads to.

        Args:
            folder: A folder of this run.
            name: Its name, which may have come from another checkpoint.
            backend_args: Options of the storage.
        """
        if not all(map(is_plain_name, name.split("/"))):
            raise ValueError(f"{name!r} does not name a file in {folder}")
        path = fileio.join(folder, name)
        if not fileio.is_local(path, backend_args):
            system, inner = fileio.resolve(path, backend_args)
            if system.isfile(inner):
                system.rm_file(inner)
        elif os.path.islink(path) or not os.path.isdir(path):
            Path(path).unlink(missing_ok=True)
        elif all(item.startswith("parts-") or item == serialization.INDEX for item in os.listdir(path)):
            _sharded().remove(path)

    def point_to(self, path: str | os.PathLike[str]) -> None:
        """Make ``path`` the latest checkpoint."""
        self.run.point_to(path)

    def pointed(self) -> str | None:
        """Return the checkpoint that the pointer names, if there is one."""
        return self.run.last()

    def latest(self) -> str | None:
        """Return the newest checkpoint that is whole; damaged ones are reported and passed over."""
        pointed = self.pointed()
        for path in self._candidates(pointed):
            if not fileio.is_local(path):
                return path  # checked by its storage
            try:
                content = (_sharded() if Path(path).is_dir() else serialization).verify(path)
            except MMPretrainError as error:
                get_logger().warning(f"{error} Trying the checkpoint before it.")
                continue
            if path == pointed or "optimizer" in content:  # others were published, or never those of a run
                return path
        return None

    def _candidates(self, pointed: str | None) -> Iterator[str]:
        if pointed is not None:
            yield pointed
        files = [path for path in self.folder.glob("*.pth") if not path.name.startswith(("best_", "."))]
        for path in sorted(files, key=lambda path: path.stat().st_mtime, reverse=True):
            if str(path) != pointed:
                yield str(path)

    def clean(self) -> None:
        """Delete incomplete files that killed processes left."""
        for path in self.folder.glob(".*.tmp"):
            path.unlink(missing_ok=True)


def _sharded() -> ModuleType:
    """Return what reads and writes checkpoints in pieces; few runs need it, and torch's part is large."""
    from mmpretrain.checkpoints import sharded

    return sharded
