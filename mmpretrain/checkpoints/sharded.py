"""Checkpoints of tensors that are split over several processes: each process writes its own pieces.

Such a checkpoint is a folder, and whole at any moment::

    epoch_3.pth/index.pth             an ordinary checkpoint, in which the tensors in pieces are empty
    epoch_3.pth/parts-1f0a2b3c/...    their pieces, as torch.distributed.checkpoint writes them

The index names the folder of the pieces; it is renamed into place once they are on disk. Reading
runs no code: the table of the pieces is data (:mod:`mmpretrain.checkpoints.pieces`), as the index is.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import shutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed.checkpoint as dcp
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.tensor import DTensor

from mmpretrain.checkpoints import serialization
from mmpretrain.checkpoints.pieces import Reader, read_table
from mmpretrain.checkpoints.serialization import INDEX, is_sharded
from mmpretrain.errors import CheckpointError
from mmpretrain.utils import nest
from mmpretrain.utils.atomic import sync_folder
from mmpretrain.utils.dist import broadcast_object, is_main_process


def save(checkpoint: dict[str, Any], folder: str | os.PathLike) -> None:
    """Write a checkpoint with tensors in pieces; every process must call this, with the same folder.

    Raises:
        OSError: If it cannot be written; what was in the folder before is still usable then.
    """
    folder = Path(folder)
    parts = folder / broadcast_object(f"parts-{secrets.token_hex(4)}")
    pieces: dict[str, Tensor] = {}

    def put_aside(tensor: Tensor, path: nest.Path) -> Tensor:
        if not isinstance(tensor, DTensor):
            return tensor
        pieces[_name(path)] = tensor
        return torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")

    content = nest.map_tensors(checkpoint, put_aside)
    try:
        dcp.save(pieces, storage_writer=dcp.FileSystemWriter(parts))
        if is_main_process():
            for changed in (parts, folder, folder.parent):
                sync_folder(changed)
            serialization.save({"parts": parts.name, "content": content}, folder / INDEX)
    except BaseException as error:
        shutil.rmtree(parts if is_sharded(folder) else folder, ignore_errors=True)
        if not isinstance(error, CheckpointException):  # which hides what it was, and is no `Exception`
            raise
        raise OSError(_reason(error)) from error
    if is_main_process():
        for old in folder.glob("parts-*"):
            if old != parts:
                shutil.rmtree(old)


def load(folder: str | os.PathLike, allocate: Callable[[Tensor], Tensor] | None = None) -> dict[str, Any]:
    """Read a checkpoint of any number of processes; each process reads what it asks for.

    Args:
        folder: The folder.
        allocate: Returns, for an empty tensor of the right size and type, the one to fill; if that is in
            pieces, only those of this process are read. By default, whole tensors on the CPU.

    Raises:
        CheckpointError: If it is not a whole checkpoint.
    """
    parts, content = _read_index(folder)
    sizes = read_table(parts).state_dict_metadata
    pieces: dict[str, Tensor] = {}

    def make_room(tensor: Tensor, path: nest.Path) -> Tensor:
        if not tensor.is_meta:
            return tensor
        known = sizes.get(_name(path))
        if known is None or known.size != tensor.shape:  # type: ignore[union-attr]
            raise CheckpointError(f"{folder} is damaged: its pieces do not make up {_name(path)}")
        room = torch.empty_like(tensor, device="cpu") if allocate is None else allocate(tensor)
        pieces[_name(path)] = room
        return room

    content = nest.map_tensors(content, make_room)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="torch.distributed is disabled")
            dcp.load(pieces, storage_reader=Reader(parts), no_dist=True)
    except CheckpointException as error:
        raise CheckpointError(f"{folder} is damaged: {_reason(error)}") from error
    return content


def verify(folder: str | os.PathLike) -> dict[str, Any]:
    """Read a checkpoint's every byte, compare checksums, and return what its index holds.

    Raises:
        CheckpointError: If something is wrong with it.
    """
    serialization.verify(Path(folder, INDEX))
    parts, content = _read_index(folder)
    try:
        for piece in read_table(parts).storage_data.values():
            with open(parts / piece.relative_path, "rb") as file:
                file.seek(piece.offset)
                data = io.BytesIO(file.read(piece.length))
            with zipfile.ZipFile(data) as archive:
                if (damaged := archive.testzip()) is not None:
                    raise CheckpointError(f"{damaged} of {piece.relative_path} has a wrong checksum")
    except Exception as error:  # a damaged file can make the readers fail in any way
        raise CheckpointError(f"{folder} is damaged ({type(error).__name__}: {error})") from error
    return content


def remove(folder: str | os.PathLike) -> None:
    """Delete a checkpoint; the index goes first, so that the rest is not mistaken for a whole checkpoint."""
    Path(folder, INDEX).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _name(path: nest.Path) -> str:
    return "/".join(map(str, path))


def _read_index(folder: str | os.PathLike) -> tuple[Path, dict[str, Any]]:
    index = serialization.load(Path(folder, INDEX))
    parts = index.get("parts")
    if not isinstance(parts, str) or not re.fullmatch("parts-[0-9a-f]+", parts) or "content" not in index:
        raise CheckpointError(f"{Path(folder, INDEX)} is not the index of a checkpoint in pieces")
    return Path(folder, parts), index["content"]


def _reason(error: CheckpointException) -> str:
    """What went wrong on the first of the processes where something did."""
    cause, _ = next(iter(error.failures.values()))
    return f"{type(cause).__name__}: {cause}"
