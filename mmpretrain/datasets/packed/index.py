"""The index of a packed split, and the images that it leads to."""

from __future__ import annotations

import mmap
import os
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from mmpretrain.datasets.packed import checks, layout
from mmpretrain.datasets.packed.layout import FIELDS, PIXELS, RESTARTS
from mmpretrain.datasets.records import ENCODING, Block, Column, RecordTable
from mmpretrain.datasets.transforms.functional.restarts import Intervals
from mmpretrain.datasets.transforms.held import HeldImage, HeldPixels, RestartJpeg
from mmpretrain.errors import DataError
from mmpretrain.utils.plain_data import parse_json

#: Shards that are mapped at the same time; each holds a file descriptor.
OPEN_SHARDS = 256
#: The key of a record that says which image it is.
NUMBER = "packed"
#: What a column gives where a record has no such key.
ABSENT: Any = object()


class PackIndex:
    """An index and its shards, mapped into memory. Other processes that receive it map the same files.

    Args:
        folder: The folder of the split.
        check: Whether to check that the index is sound.

    Attributes:
        header: What the index says about all images.
        arrays: What it says about each.
    """

    def __init__(self, folder: str, check: bool = True) -> None:
        self.folder = folder
        path = os.path.join(folder, layout.INDEX)
        self.header, self.arrays = layout.map_index(path)
        if check:
            checks.check_header(self.header, self.arrays, path)
            checks.check_places(self.header, self.arrays, folder, path)
        self._paths = [os.path.join(folder, shard["name"]) for shard in self.header["shards"]]
        self._maps: OrderedDict[int, mmap.mmap | bytes] = OrderedDict()
        # Views give single numbers in a fifth of the time of arrays.
        self._fields = [memoryview(self.arrays[name]) for name in FIELDS]  # type: ignore[arg-type]

    def __len__(self) -> int:
        return self.header["samples"]

    def __reduce__(self) -> tuple[Any, ...]:
        return PackIndex, (self.folder, False)

    def image(self, number: int) -> bytes | HeldImage:
        """An image in the form in which it can be decoded best: a file, or something that decodes parts."""
        start, size, shard, kind, *shape = (field[number] for field in self._fields)
        content = self._shard(shard)
        if kind == PIXELS:
            height, width = shape[:2]
            return HeldPixels(np.frombuffer(content, np.uint8, size, start).reshape(height, width, 3))
        if kind != RESTARTS:
            return content[start : start + size]
        intervals = Intervals(*shape)
        count = intervals.rows * intervals.columns + 1
        starts = np.frombuffer(content, np.uint32, count, start - 4 * count)
        return RestartJpeg(memoryview(content)[start : start + size], intervals, starts)

    def stored(self, number: int) -> bytes:
        """The bytes of an image as they are in the shard."""
        start, size, shard = (int(self.arrays[name][number]) for name in ("start", "size", "shard"))
        return self._shard(shard)[start : start + size]

    def padding(self, number: int) -> bytes:
        """The bytes of the shard between the image before, if there is one, and what belongs to an image."""
        starts, sizes, shards = (self.arrays[name] for name in ("start", "size", "shard"))
        table = 4 * (len(image.starts)) if isinstance(image := self.image(number), RestartJpeg) else 0
        same = number > 0 and shards[number - 1] == shards[number]
        before = int(starts[number - 1] + sizes[number - 1]) if same else 0
        return self._shard(int(shards[number]))[before : int(starts[number]) - table]

    def _shard(self, number: int) -> mmap.mmap | bytes:
        content = self._maps.get(number)
        if content is None:
            content = self._maps[number] = layout.map_file(self._paths[number])
            if len(content) < self.header["shards"][number]["bytes"]:
                raise DataError("This shard has become shorter", where=self._paths[number])
            if len(self._maps) > OPEN_SHARDS:
                self._maps.popitem(last=False)
        return content

    def columns(self, prefix: str) -> dict[str, Column]:
        """The columns of the records; names of images get a prefix."""
        found: dict[str, Column] = {}
        for name, kind in {"img_path": "text", **self.header["columns"]}.items():
            values = self.arrays[f"column/{name}"]
            if kind in ("text", "json"):
                bounds = self.arrays[f"column/{name}/at"]
                parse = None if kind == "text" else f"{self.folder}, column {name!r}"
                found[name] = MappedText(values, bounds, prefix if name == "img_path" else "", parse)
            else:
                found[name] = MappedNumbers(values)
        return found


class MappedNumbers:
    """Numbers, or arrays of one shape, that lie in a file.

    Args:
        values: (N, ...).
    """

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def getter(self) -> Callable[[int], Any]:
        values = self.values
        if values.ndim > 1:
            return lambda index: np.array(values[index])
        return memoryview(values).__getitem__  # type: ignore[arg-type]

    def take(self, indices: np.ndarray) -> Column:
        raise NotImplementedError  # PackTable keeps the positions instead


class MappedText:
    """Texts that lie in a file.

    Args:
        blob: All of them, one after the other; uint8, (bytes,).
        bounds: Where each begins, and the end of the last one, (N + 1,).
        prefix: What all begin with.
        parse: The name of the column, if texts are JSON; an empty one stands for a key that is absent.
    """

    def __init__(
        self, blob: np.ndarray, bounds: np.ndarray, prefix: str = "", parse: str | None = None
    ) -> None:
        self.blob, self.bounds, self.prefix, self.parse = blob, bounds, prefix, parse

    def getter(self) -> Callable[[int], Any]:
        blob, bounds = memoryview(self.blob), memoryview(self.bounds)  # type: ignore[arg-type]
        prefix, parse = self.prefix, self.parse
        encoding, errors = ENCODING

        def text(index: int) -> str:
            return prefix + str(blob[bounds[index] : bounds[index + 1]], encoding, errors)

        def value(index: int) -> Any:
            found = text(index)
            return parse_json(found, str(parse)) if found else ABSENT

        return text if parse is None else value

    def take(self, indices: np.ndarray) -> Column:
        raise NotImplementedError  # PackTable keeps the positions instead


class PackTable(RecordTable):
    """The records of a packed split, or some of them.

    Args:
        pack: The index.
        prefix: What the names of images begin with.
        positions: Which records; None for all.
    """

    def __init__(self, pack: PackIndex, prefix: str, positions: Block | None = None) -> None:
        self.pack, self.prefix, self.positions = pack, prefix, positions
        super().__init__(pack.columns(prefix), len(pack) if positions is None else len(positions))
        self._places = None if positions is None else positions.view

    def __getitem__(self, index: Any) -> Any:
        number = self._position(index)
        if self._places is not None:
            number = self._places[number]
        record = {}
        for name, get in self._getters:
            value = get(number)
            if value is not ABSENT:
                record[name] = value
        record[NUMBER] = number
        return record

    def take(self, indices: np.ndarray) -> PackTable:
        chosen = indices if self.positions is None else self.positions.array[indices]
        return PackTable(self.pack, self.prefix, Block.of_integers(chosen))

    def integers(self, key: str) -> np.ndarray | None:
        if self.pack.header["columns"].get(key) != "int":
            return None
        values = self.pack.arrays[f"column/{key}"]
        return (values if self.positions is None else values[self.positions.array]).astype(np.int64)

    def __reduce__(self) -> tuple[Any, ...]:
        return PackTable, (self.pack, self.prefix, self.positions)
