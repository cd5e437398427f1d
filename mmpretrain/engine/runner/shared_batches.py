"""Batches on their way from data workers to the main process, in shared memory that is used again.

PyTorch makes new shared memory for each tensor that a worker sends. The kernel clears it page by page, which
costs a batch of uint8 images ten times as much as stacking it. Here each worker has a few blocks of memory
that last as long as the worker. A batch fills one of them, and the block is free again once no tensor of that
batch is left in the main process. A program that keeps more batches than there are blocks gets the further
ones the way of PyTorch.
"""

from __future__ import annotations

import ctypes
import functools
import io
import itertools
import math
import mmap
import os
import pickle
import weakref
from collections.abc import Callable, Sequence
from multiprocessing import reduction
from multiprocessing.reduction import ForkingPickler
from typing import Any

import torch
from torch.utils.data import get_worker_info

#: Blocks of a worker beyond the batches that it prepares ahead: for the batch in use, and the one before.
SPARE = 2
#: Tensors begin at multiples of this, and blocks grow by multiples of the other; in bytes.
ALIGNMENT, GROWTH = 64, 1 << 16

_numbers = itertools.count()
_opened: weakref.WeakValueDictionary[int, Post] = weakref.WeakValueDictionary()


@functools.cache
def is_possible() -> bool:
    """Whether this system has shared memory without a name, and can hand it to another process."""
    if not hasattr(os, "memfd_create") or not reduction.HAVE_SEND_HANDLE:
        return False
    try:
        os.close(os.memfd_create("mmpretrain-trial"))
    except OSError:  # a sandbox that forbids it
        return False
    return True


class Post:
    """What the workers of one loader and the main process know together.

    Args:
        workers: Number of workers.
        ahead: Batches that each prepares ahead.
    """

    def __init__(self, workers: int, ahead: int) -> None:
        self.number = next(_numbers)
        self.owner = os.getpid()
        #: Whether a block holds a batch; set by its worker, and cleared by the main process.
        self.taken = torch.zeros(workers, ahead + SPARE, dtype=torch.uint8).share_memory_()
        self._memory: dict[tuple[int, int], mmap.mmap] = {}
        self._sender: Sender | None = None
        _opened[self.number] = self

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_memory": {}, "_sender": None}

    def send(self, collate: Callable[..., Any], samples: list[Any]) -> Any:
        """Collate samples, in a worker; return the batch, or what becomes the batch where it arrives."""
        if self._sender is None:
            info: Any = get_worker_info()
            self._sender = Sender(self.number, info.id, self.taken[info.id])
        if not self._sender.begin():
            return collate(samples)
        if getattr(collate, "takes_memory", False):
            return self._sender.pack(collate(samples, empty=self._sender.empty))
        return self._sender.pack(collate(samples))

    def open(self, worker: int, block: int, memory: tuple[Any, int] | None, content: bytes) -> Any:
        """Return a batch that has arrived; its tensors lie where the worker put them."""
        if memory is not None:
            handle, size = memory
            descriptor = handle.detach()
            self._memory[worker, block] = mmap.mmap(descriptor, size)
            os.close(descriptor)
        shared = self._memory[worker, block]
        # All tensors of the batch hold this object, and nothing else does.
        lease = (ctypes.c_ubyte * len(shared)).from_buffer(shared)
        weakref.finalize(lease, self._release, self.taken, worker, block, self.owner).atexit = False
        return _Unpickler(content, lease).load()

    @staticmethod
    def _release(taken: torch.Tensor, worker: int, block: int, owner: int) -> None:
        if os.getpid() == owner:  # a forked process drops its copies of tensors that are still in use here
            taken[worker, block] = 0


class Sender:
    """The blocks of a worker.

    Args:
        number: The number of the post.
        worker: The number of the worker.
        taken: Whether each block holds a batch, (blocks,).
    """

    def __init__(self, number: int, worker: int, taken: torch.Tensor) -> None:
        self.number, self.worker, self.taken = number, worker, taken
        self._blocks: dict[int, Block] = {}
        self._current = 0

    @property
    def block(self) -> Block:
        """The block that is being filled."""
        return self._blocks[self._current]

    def begin(self) -> bool:
        """Start a batch; say whether there is a block for it."""
        free = next((block for block, taken in enumerate(self.taken.tolist()) if not taken), None)
        if free is None:
            return False
        self._current = free
        self._blocks.setdefault(free, Block()).clear()
        return True

    def empty(self, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """An uninitialised tensor in the block, which is part of the batch."""
        return self.block.empty(shape, dtype)

    def pack(self, batch: Any) -> Any:
        """Put the tensors of a batch into the block, and return what takes it to the main process."""
        file = io.BytesIO()
        _Pickler(file, self.block).dump(batch)
        if self.block.used == 0:
            return batch
        memory = self.block.memory_if_new()
        self.taken[self._current] = 1
        return Parcel(self.number, self.worker, self._current, memory, file.getvalue())


class Block:
    """Shared memory without a name, which grows as needed."""

    def __init__(self) -> None:
        self.descriptor = os.memfd_create("mmpretrain-batch")
        self.memory = mmap.mmap(-1, 1)
        self.size = self.sent = self.used = 0
        #: Address to tensor and place. The tensors are kept, as an address may be given out again.
        self._tensors: dict[int, tuple[torch.Tensor, int]] = {}

    def clear(self) -> None:
        """Forget the tensors in it."""
        self.used = 0
        self._tensors.clear()

    def empty(self, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """Add an uninitialised tensor after the ones already in the block."""
        count = math.prod(shape)
        if count == 0:
            return torch.empty(tuple(shape), dtype=dtype)
        start, end = self.used, self.used + count * dtype.itemsize
        if end > self.size:
            # Tensors in the old mapping stay valid: both show the same memory.
            self.size = -(-end // GROWTH) * GROWTH
            os.ftruncate(self.descriptor, self.size)
            self.memory = mmap.mmap(self.descriptor, self.size)
        self.used = -(-end // ALIGNMENT) * ALIGNMENT
        tensor = torch.frombuffer(self.memory, dtype=dtype, count=count, offset=start).view(tuple(shape))
        self._tensors[tensor.data_ptr()] = tensor, start
        return tensor

    def place_of(self, tensor: torch.Tensor) -> int:
        """Where a contiguous tensor lies in the block; it is copied there unless it was made there."""
        start = tensor.untyped_storage().data_ptr()
        if start in self._tensors:
            return self._tensors[start][1] + int(tensor.storage_offset()) * tensor.itemsize
        copy = self.empty(tensor.shape, tensor.dtype).copy_(tensor)
        return self._tensors[copy.data_ptr()][1]

    def memory_if_new(self) -> tuple[Any, int] | None:
        """The memory, for a process that does not have it, or only the beginning of it."""
        if self.sent == self.size:
            return None
        self.sent = self.size
        return reduction.DupFd(self.descriptor), self.size


class Parcel:
    """A batch in a block; pickling takes it to the main process, where it becomes the batch.

    Args:
        *where: Number of the post, worker, block, the memory if it is new, and the batch without its tensors.
    """

    def __init__(self, *where: Any) -> None:
        self.where = where

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _open, self.where


def _open(number: int, *where: Any) -> Any:
    return _opened[number].open(*where)


class _Pickler(ForkingPickler):
    """Pickles a batch, and puts its tensors into a block."""

    def __init__(self, file: io.BytesIO, block: Block) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._block = block
        self._known: dict[int, tuple[torch.Tensor, tuple[Any, ...]]] = {}

    def persistent_id(self, obj: Any) -> tuple[Any, ...] | None:
        if type(obj) is not torch.Tensor or not _is_plain(obj):
            return None
        if id(obj) not in self._known:
            self._known[id(obj)] = obj, (self._block.place_of(obj), tuple(obj.shape), obj.dtype)
        return self._known[id(obj)][1]


def _is_plain(tensor: torch.Tensor) -> bool:
    """Whether the numbers are all that there is to a tensor, and it is not shared on purpose."""
    special = tensor.is_quantized or tensor.is_conj() or tensor.is_neg() or tensor.requires_grad
    dense = tensor.device.type == "cpu" and tensor.layout is torch.strided and tensor.is_contiguous()
    return dense and not special and tensor.numel() > 0 and not tensor.is_shared()


class _Unpickler(pickle.Unpickler):
    """Reads a batch that a worker of this process has sent."""

    def __init__(self, content: bytes, lease: Any) -> None:
        super().__init__(io.BytesIO(content))
        self._lease = lease
        self._known: dict[tuple[Any, ...], torch.Tensor] = {}

    def persistent_load(self, pid: Any) -> torch.Tensor:
        if pid not in self._known:
            start, shape, dtype = pid
            numbers = torch.frombuffer(self._lease, dtype=dtype, count=math.prod(shape), offset=start)
            self._known[pid] = numbers.view(shape)
        return self._known[pid]
