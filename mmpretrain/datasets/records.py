"""The index of a data set: one record a sample, kept as columns instead of as objects.

A million small dicts cost a gigabyte, and each forked worker copies them piece by piece as their reference
counts change. Columns are a few tensors: forked workers share their pages, and workers that are started by
``spawn`` get them as shared memory.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.reduction import ForkingPickler
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

ENCODING = ("utf-8", "surrogateescape")  # file names need not be valid UTF-8


class Column(Protocol):
    """One field of all records."""

    def getter(self) -> Callable[[int], Any]:
        """Return the function that reads a value by its index; it is called for every record."""
        ...

    def take(self, indices: np.ndarray) -> Column:
        """The same field of some of the records."""
        ...


class Block:
    """An array that other processes receive as shared memory, one for all of them.

    The array itself is not moved there: where it is not asked for, ``/dev/shm`` may be small.

    Args:
        array: The array.
        twin: The same values in shared memory.
    """

    def __init__(self, array: np.ndarray, twin: Tensor | None = None) -> None:
        self.array = array
        self._twin = twin

    @classmethod
    def of_integers(cls, values: Any) -> Block:
        """Store integers in 32 bits if they fit."""
        array = np.asarray(values, dtype=np.int64)
        small = array.min(initial=0) >= -(2**31) and array.max(initial=0) < 2**31
        return cls(array.astype(np.int32) if small else array)

    @property
    def view(self) -> memoryview:
        """Access to single items, faster than the array's."""
        return memoryview(self.array)  # pyright: ignore[reportArgumentType]

    def __len__(self) -> int:
        return len(self.array)

    def shared(self) -> Tensor:
        """The values in shared memory."""
        if self._twin is None:
            self._twin = torch.from_numpy(self.array).clone().share_memory_()
        return self._twin


def _receive(twin: Tensor) -> Block:
    return Block(twin.numpy(), twin)


ForkingPickler.register(Block, lambda block: (_receive, (block.shared(),)))


class _Slices:
    """Byte strings in one block of memory.

    Args:
        blob: uint8, (bytes,).
        bounds: Where each begins and ends, (2 * N,): interleaved, so one cache line holds both.
    """

    def __init__(self, blob: Block, bounds: Block) -> None:
        self.blob, self.bounds = blob, bounds

    @classmethod
    def pack(cls, parts: Sequence[bytes]) -> tuple[Block, Block]:
        """Lay byte strings one after the other."""
        ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)))
        starts = np.concatenate([[0], ends[:-1]]) if len(parts) else ends
        blob = np.frombuffer(bytearray(b"".join(parts)), np.uint8)
        return Block(blob), Block.of_integers(np.stack([starts, ends], axis=1).ravel())

    def cut(self, indices: np.ndarray) -> tuple[Block, Block]:
        """Copy the strings at ``indices`` only."""
        blob, bounds = self.blob.view, self.bounds.view
        return self.pack([bytes(blob[bounds[i] : bounds[i + 1]]) for i in (2 * indices).tolist()])


class TextColumn(_Slices):
    """Strings that begin and end alike, such as paths below one folder.

    Args:
        blob: The middle parts as UTF-8, in one block; uint8, (bytes,).
        bounds: Where each begins and where it ends, (2 * N,).
        prefix: What all begin with.
        suffix: What all end with.
    """

    def __init__(self, blob: Block, bounds: Block, prefix: str = "", suffix: str = "") -> None:
        super().__init__(blob, bounds)
        self.prefix, self.suffix = prefix, suffix

    @classmethod
    def of(cls, values: Sequence[str]) -> TextColumn:
        """Make a column of strings."""
        first, last = min(values), max(values)
        cut = next((i for i, (a, b) in enumerate(zip(first, last)) if a != b), min(len(first), len(last)))
        return cls(*cls.pack([value[cut:].encode(*ENCODING) for value in values]), first[:cut])

    def getter(self) -> Callable[[int], str]:
        blob, bounds = self.blob.view, self.bounds.view
        prefix, suffix = self.prefix, self.suffix
        encoding, errors = ENCODING

        def get(index: int) -> str:
            index *= 2
            return f"{prefix}{str(blob[bounds[index] : bounds[index + 1]], encoding, errors)}{suffix}"

        return get

    def digest(self) -> str:
        """A number that changes with any of the strings."""
        state = hashlib.sha1(f"{self.prefix}\0{self.suffix}".encode(*ENCODING))
        for block in (self.blob, self.bounds):
            state.update(block.view)
        return state.hexdigest()

    def take(self, indices: np.ndarray) -> TextColumn:
        return TextColumn(*self.cut(indices), self.prefix, self.suffix)


class ObjectColumn(_Slices):
    """Values of any type, pickled one by one."""

    @classmethod
    def of(cls, values: Sequence[Any]) -> ObjectColumn:
        """Make a column of any values."""
        return cls(*cls.pack([pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL) for value in values]))

    def getter(self) -> Callable[[int], Any]:
        blob, bounds = self.blob.view, self.bounds.view
        return lambda index: pickle.loads(blob[bounds[2 * index] : bounds[2 * index + 1]])

    def take(self, indices: np.ndarray) -> ObjectColumn:
        return ObjectColumn(*self.cut(indices))


class NumberColumn:
    """Numbers of one type.

    Args:
        values: int32, int64 or float64, (N,).
    """

    def __init__(self, values: Block) -> None:
        self.values = values

    @classmethod
    def of(cls, values: Sequence[Any]) -> NumberColumn:
        """Make a column of ints, or of floats."""
        if isinstance(values[0], float):
            return cls(Block(np.asarray(values, dtype=np.float64)))
        return cls(Block.of_integers(values))

    def getter(self) -> Callable[[int], int | float]:
        return self.values.view.__getitem__

    def take(self, indices: np.ndarray) -> NumberColumn:
        return NumberColumn(Block(self.values.array[indices]))


class ArrayColumn:
    """NumPy arrays of one shape and type, such as small images.

    Args:
        values: All of them, (N, ...).
    """

    def __init__(self, values: Block) -> None:
        self.values = values

    @classmethod
    def of(cls, values: Sequence[np.ndarray]) -> ArrayColumn:
        """Stack arrays."""
        return cls(Block(np.stack(values)))

    def getter(self) -> Callable[[int], np.ndarray]:
        array = self.values.array
        return lambda index: np.array(array[index])  # a copy: transforms write into images

    def take(self, indices: np.ndarray) -> ArrayColumn:
        return ArrayColumn(Block(self.values.array[indices]))


def column_of(values: Sequence[Any]) -> Column:
    """Make the most compact column that gives back equal values of the same types."""
    types = set(map(type, values))
    if types == {str}:
        return TextColumn.of(values)
    if types == {float} or (types == {int} and -(2**63) <= min(values) <= max(values) < 2**63):
        return NumberColumn.of(values)
    if types == {np.ndarray} and len({(value.shape, value.dtype) for value in values}) == 1:
        dtype = values[0].dtype
        return ArrayColumn.of(values) if dtype.kind in "biuf" and dtype.isnative else ObjectColumn.of(values)
    return ObjectColumn.of(values)


class RecordTable(Sequence[dict[str, Any]]):
    """Dicts with the same keys, kept as columns.

    Args:
        columns: A column for each key, in the order of the keys.
        length: Number of records.
    """

    def __init__(self, columns: Mapping[str, Column], length: int) -> None:
        self.columns = dict(columns)
        self._length = length
        self._getters = [(name, column.getter()) for name, column in self.columns.items()]

    @classmethod
    def of(cls, records: Sequence[Mapping[str, Any]]) -> RecordTable | MixedTable:
        """Make a table of dicts; those without common keys are kept as they are, pickled."""
        if not records:
            return cls({}, 0)
        keys = list(records[0])
        if all(list(record) == keys for record in records):
            return cls({key: column_of([record[key] for record in records]) for key in keys}, len(records))
        return MixedTable(ObjectColumn.of(records), len(records))

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < self._length:
            index = self._position(index)
        record = {}
        for name, get in self._getters:
            record[name] = get(index)
        return record

    def _position(self, index: int) -> int:
        if -self._length <= index < self._length:
            return index % self._length
        raise IndexError(f"sample {index} of {self._length}")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self.__getitem__, range(self._length))

    def take(self, indices: np.ndarray) -> RecordTable:
        """The records at ``indices``, which are within range and not negative."""
        return RecordTable({key: col.take(indices) for key, col in self.columns.items()}, len(indices))

    def integers(self, key: str) -> np.ndarray | None:
        """All values of a field if they are numbers, int64."""
        column = self.columns.get(key)
        if isinstance(column, NumberColumn) and column.values.array.dtype.kind == "i":
            return column.values.array.astype(np.int64)
        return None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.columns, self._length)


class MixedTable(RecordTable):
    """Records whose keys differ, pickled one by one."""

    def __init__(self, records: ObjectColumn, length: int) -> None:
        super().__init__({}, length)
        self._records = records
        self._get = records.getter()

    def __getitem__(self, index: Any) -> Any:
        return self._get(self._position(index))

    def take(self, indices: np.ndarray) -> MixedTable:
        return MixedTable(self._records.take(indices), len(indices))

    def __reduce__(self) -> tuple[Any, ...]:
        return MixedTable, (self._records, self._length)
