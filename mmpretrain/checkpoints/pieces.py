"""The pieces of tensors that torch.distributed.checkpoint writes, read as data.

A folder of pieces has a table, ``.metadata``: a pickle that says which tensor has which pieces, in which file
and at which place. It is read without making any object of the classes that it names, compared with the
files, and only then turned into what PyTorch's loader works with.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.distributed.checkpoint as dcp
from torch import Tensor
from torch.distributed.checkpoint import filesystem, metadata
from torch.distributed.checkpoint.planner import LoadItemType, LoadPlan, LoadPlanner
from torch.futures import Future

from mmpretrain.checkpoints import torch_file
from mmpretrain.checkpoints.torch_objects import CONSTRUCTORS, STATES
from mmpretrain.errors import CheckpointError
from mmpretrain.utils.budget import check_nest
from mmpretrain.utils.pickles import Machine, finder, placeholder

TABLE = ".metadata"


class Reader(dcp.FileSystemReader):
    """Reads tensors, and no other objects: those would be unpickled."""

    def read_metadata(self, *args: Any, **kwargs: Any) -> metadata.Metadata:
        """Return the table of the pieces, checked against the files.

        Raises:
            CheckpointError: If it names what is not there.
        """
        return read_table(Path(self.path))

    def read_data(self, plan: LoadPlan, planner: LoadPlanner) -> Future[None]:
        """Fill tensors from their pieces."""
        for item in plan.items:
            if item.type is LoadItemType.BYTE_IO:
                raise CheckpointError(f"{item.storage_index.fqn} is no tensor")
            piece = read_piece(Path(self.path), self.storage_data[item.storage_index])
            for axis, (start, length) in enumerate(zip(item.storage_offsets, item.lengths)):
                piece = piece.narrow(axis, start, length)
            target = planner.resolve_tensor(item).detach()
            if target.shape != piece.shape:
                raise CheckpointError(f"{item.storage_index.fqn} is of another shape in its piece")
            target.copy_(piece)
            planner.commit_tensor(item, target)
        done: Future[None] = Future()
        done.set_result(None)
        return done


def read_piece(folder: Path, info: filesystem._StorageInfo) -> Tensor:
    """Read one piece."""
    with open(folder / info.relative_path, "rb") as file:
        file.seek(info.offset)
        piece = torch_file.read_bytes(file.read(info.length))
    if not isinstance(piece, Tensor):
        raise CheckpointError(
            f"{folder / info.relative_path} holds a {type(piece).__name__}, and not a tensor"
        )
    return piece


def read_table(folder: Path) -> metadata.Metadata:
    """Read the table of a folder of pieces.

    Raises:
        CheckpointError: If it is no such table, or does not agree with the files.
    """
    data = Path(folder, TABLE).read_bytes()
    table = Machine(data, finder(CONSTRUCTORS, placeholder), STATES).load()
    check_nest(table, len(data))
    try:
        tensors = {str(name): _tensor(entry) for name, entry in table.state_dict_metadata.items()}
        stored = dict(_stored(vars(table)["storage_data"], tensors, folder))
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise CheckpointError(f"{folder / TABLE} is no table of pieces ({error})") from error
    return metadata.Metadata({**tensors}, storage_data=stored, storage_meta=metadata.StorageMeta())


def _tensor(entry: Any) -> metadata.TensorStorageMetadata:
    size = torch.Size(entry.size)
    state = entry.properties.state
    dtype = state[0]
    chunks = [metadata.ChunkStorageMetadata(torch.Size(c.offsets), torch.Size(c.sizes)) for c in entry.chunks]
    for chunk in chunks:
        if not len(size) == len(chunk.offsets) == len(chunk.sizes):
            raise ValueError("a piece has other axes than its tensor")
        if any(start + length > whole for start, length, whole in zip(chunk.offsets, chunk.sizes, size)):
            raise ValueError("a piece is outside of its tensor")
    if not isinstance(dtype, torch.dtype) or sum(map(_count, chunks)) != math.prod(size):
        raise ValueError("the pieces of a tensor do not make it whole")
    return metadata.TensorStorageMetadata(metadata.TensorProperties(dtype), size, chunks)


def _count(chunk: metadata.ChunkStorageMetadata) -> int:
    return math.prod(chunk.sizes)


def _stored(
    entries: Any, tensors: dict[str, metadata.TensorStorageMetadata], folder: Path
) -> Iterator[tuple[metadata.MetadataIndex, filesystem._StorageInfo]]:
    sizes: dict[str, int] = {}
    for key, info in entries.items():
        name, offset = key.fqn, key.offset
        file, start, length = info.relative_path, info.offset, info.length
        if not isinstance(file, str) or os.path.basename(file) != file or file in ("", ".", ".."):
            raise CheckpointError("its table names files outside of its folder")
        if file not in sizes:
            sizes[file] = (folder / file).stat().st_size if (folder / file).is_file() else -1
        if not all(type(place) is int and place >= 0 for place in (start, length)):
            raise ValueError("the place of a piece")
        if start + length > sizes[file]:
            raise ValueError(f"{file} is missing, or shorter than the table says")
        entry = tensors[name]
        matching = [chunk for chunk in entry.chunks if chunk.offsets == torch.Size(offset)]
        if not matching or _count(matching[0]) * entry.properties.dtype.itemsize > length:
            raise ValueError(f"a piece of {name} is larger than its place in {file}")
        yield metadata.MetadataIndex(name, offset), filesystem._StorageInfo(file, start, length)
