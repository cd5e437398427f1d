"""Files that ``torch.save`` writes, read without PyTorch's own reader.

That one trusts the sizes in a file, and lets the file choose what is called. There are two layouts: a ZIP
archive with the pickle and one record for each storage (TorchScript archives have the same
and code), and the layout before PyTorch 1.6: a sequence of pickles, followed by the storages.
"""

from __future__ import annotations

import io
import mmap
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch

from mmpretrain.checkpoints.torch_objects import CONSTRUCTORS, STATES, Storage, StorageType
from mmpretrain.utils.budget import Budget, BudgetError, check_nest
from mmpretrain.utils.pickles import Machine, PickleError, finder, placeholder

#: Where a tensor goes: a device, or a function of the storage and of the device that it was on.
Location = str | torch.device | Callable[[torch.UntypedStorage, str], Any] | None

#: What the first pickle of the old layout holds.
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
#: All tensors of a file together may claim so many times its size, as some share their storage.
_VIEWS = 16
_SMALLEST = 16
_LOCAL_HEADER = struct.Struct("<4s22xHH")


def read(path: Path, location: Location = "cpu") -> Any:
    """Return the object in a file.

    Args:
        path: The file.
        location: Where tensors go.

    Raises:
        PickleError, BudgetError, zipfile.BadZipFile, OSError: If the file is damaged, or no such file.
    """
    with open(path, "rb") as file:
        if zipfile.is_zipfile(file):
            return _Archive(file, os.fstat(file.fileno()).st_size, location).read()
        if os.fstat(file.fileno()).st_size < _SMALLEST:
            raise PickleError("it is empty, or cut")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _read_old(data, location)


def read_bytes(data: bytes) -> Any:
    """Return the object in a file of the ZIP layout that is in memory; see :func:`read`."""
    return _Archive(io.BytesIO(data), len(data), "cpu").read()


def read_storage(data: bytes) -> Storage:
    """Return the storage that is alone in a file in memory, of either layout.

    Raises:
        PickleError, BudgetError, zipfile.BadZipFile: If it is damaged, or something else.
    """
    found = read_bytes(data) if data.startswith(b"PK") else _read_old(data, "cpu")
    if not isinstance(found, Storage):
        raise PickleError("a storage that is something else")
    return found


def _moved(storage: torch.UntypedStorage, saved_on: Any, location: Location) -> torch.UntypedStorage:
    if location is None or isinstance(location, (str, torch.device)):
        device = torch.device(location or "cpu")
        if device.type == "meta":
            return torch.UntypedStorage(storage.nbytes(), device=device)
        return storage if device.type == "cpu" else storage.to(device=device)
    moved = location(storage, str(saved_on))
    return storage if moved is None else getattr(moved, "_untyped_storage", moved)


class _Archive:
    """The ZIP layout.

    Args:
        file: The file, open.
        size: Its size.
        location: Where tensors go.
    """

    def __init__(self, file: BinaryIO, size: int, location: Location) -> None:
        self.file = file
        self.size = size
        self.location = location
        self.archive = zipfile.ZipFile(file)
        self.records = {info.filename: info for info in self.archive.infolist()}
        self.room = Budget(size)  # for what is compressed; other records have no more bytes than the file
        self.left = size
        self.views = Budget(size, _VIEWS)
        self.storages: dict[str, torch.UntypedStorage] = {}
        roots = [name for name in self.records if name.count("/") == 1 and name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise PickleError("this ZIP archive was not written by torch.save")
        self.root = roots[0].removesuffix("data.pkl")
        order = self.root + "byteorder"
        little = order not in self.records or bytes(self.record(order, 16)) == b"little"
        self.swap = little != (sys.byteorder == "little")

    def read(self) -> Any:
        """Return the object."""
        data = bytes(self.record(self.root + "data.pkl"))
        find = finder(CONSTRUCTORS, placeholder)
        value = Machine(data, find, STATES, self.persistent, "utf-8").load()
        check_nest(value, len(data))
        return value

    def record(self, name: str, limit: int | None = None) -> bytearray:
        """Return the bytes of a record."""
        info = self.records[name]
        if limit is not None and info.file_size > limit:
            raise PickleError(f"{name} is too large")
        buffer = bytearray(self.allow(info))
        self.fill(info, memoryview(buffer))
        return buffer

    def allow(self, info: zipfile.ZipInfo) -> int:
        """Return the size of a record, if the file can hold so much."""
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise PickleError(f"{info.filename} is encrypted, or compressed in an unusual way")
        if info.compress_type == zipfile.ZIP_DEFLATED:
            self.room.take(info.file_size)
            return info.file_size
        self.left -= info.file_size
        if info.file_size != info.compress_size or self.left < 0:
            raise BudgetError(f"{info.filename} is larger than the file")
        return info.file_size

    def fill(self, info: zipfile.ZipInfo, buffer: memoryview) -> None:
        """Read a record into memory of its size."""
        self.file.seek(info.header_offset)
        head = self.file.read(_LOCAL_HEADER.size)
        if len(head) < _LOCAL_HEADER.size or head[:4] != b"PK\x03\x04":
            raise PickleError(f"{info.filename} is not where the archive says")
        _, name_length, extra_length = _LOCAL_HEADER.unpack(head)
        self.file.seek(name_length + extra_length, os.SEEK_CUR)
        if info.compress_type == zipfile.ZIP_STORED:
            count = self.file.readinto(buffer) if len(buffer) else 0  # type: ignore[attr-defined]
        else:
            data = zlib.decompressobj(-15).decompress(self.file.read(info.compress_size), len(buffer) + 1)
            count = len(data)
            if count == len(buffer):
                buffer[:] = data
        if count != len(buffer):
            raise PickleError(f"{info.filename} is cut")

    def persistent(self, key: Any) -> Storage:
        """Return the storage that a pickle refers to."""
        kind, name, saved_on, count = _checked_key(key)
        if name not in self.storages:
            info = self.records.get(f"{self.root}data/{name}")
            if info is None and count:
                raise PickleError(f"the numbers of storage {name!r} are not in the file")
            tensor = torch.empty(0 if info is None else self.allow(info), dtype=torch.uint8)
            if info is not None:
                self.fill(info, tensor.numpy().data)
            untyped = tensor.untyped_storage()
            if self.swap and kind.dtype.itemsize > 1:
                untyped.byteswap(kind.dtype)
            self.storages[name] = _moved(untyped, saved_on, self.location)
        untyped = self.storages[name]
        if count * kind.dtype.itemsize > untyped.nbytes():
            raise BudgetError(f"storage {name!r} claims {count:,} numbers, and the file holds fewer")
        return Storage(untyped, kind.dtype, self.views)


def _checked_key(key: Any) -> tuple[StorageType, str, Any, int]:
    """Take apart how a pickle refers to a storage: kind, type, name, device and number of elements."""
    if type(key) is not tuple or len(key) < 5 or key[0] not in ("storage", b"storage"):
        raise PickleError("it refers to something else than a storage")
    kind, name, saved_on, count = key[1:5]
    if type(kind) is not StorageType or type(name) not in (str, int) or type(count) is not int or count < 0:
        raise PickleError("how it refers to a storage")
    return kind, str(name), saved_on, count


def _read_old(data: mmap.mmap | bytes, location: Location) -> Any:
    """Read the layout before PyTorch 1.6.

    The object refers to storages that come after it, and that cannot be found before its end is known. So it
    is read twice: for the storages, with placeholders for everything else, and then in earnest.
    """
    if data[257:262] == b"ustar":
        raise PickleError("it was written by a PyTorch before 0.2: load it there, and save it again")
    head = Machine(data, _types_only, {})
    if head.load() != _MAGIC or head.load() != _PROTOCOL:
        raise PickleError("it was not written by torch.save")
    head.load()  # the machine that wrote it
    claimed = _Claims(len(data))
    first = Machine(data, _types_only, {}, claimed.note, "utf-8", start=head.at)
    first.load()
    length = first.at - head.at
    storages = claimed.read(data, first, location)
    views = Budget(len(data), _VIEWS)

    def persistent(key: Any) -> Any:
        return _old_storage(key, storages, views)

    find = finder(CONSTRUCTORS, placeholder)
    value = Machine(data, find, STATES, persistent, "utf-8", Budget(length), start=head.at).load()
    check_nest(value, length)
    return value


def _types_only(module: str, name: str) -> Any:
    found = CONSTRUCTORS.get(f"{module}.{name}")
    return found if isinstance(found, StorageType) else placeholder(f"{module}.{name}")


class _Claims:
    """The storages to which the object in an old file refers.

    Args:
        size: Size of the file: more bytes than that cannot be in it.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.left = size
        self.found: dict[str, tuple[torch.dtype, int, Any]] = {}

    def note(self, key: Any) -> None:
        """Take note of a storage."""
        if _is_class(key):
            return
        kind, name, saved_on, count = _checked_key(key)
        dtype, known, saved_on = self.found.setdefault(name, (kind.dtype, count, saved_on))
        if (dtype, known) != (kind.dtype, count):
            raise PickleError(f"storage {name!r} is of two types or sizes")

    def read(self, data: Any, machine: Machine, location: Location) -> dict[str, torch.UntypedStorage]:
        """Read the storages, which follow the list of their names."""
        storages: dict[str, torch.UntypedStorage] = {}
        names = machine.load()
        at = machine.at
        for name in map(str, names if isinstance(names, list) else ()):
            if name not in self.found or name in storages:
                raise PickleError("the list of its storages does not fit")
            dtype, count, saved_on = self.found[name]
            length = count * dtype.itemsize
            if at + 8 + length > self.size or int.from_bytes(data[at : at + 8], "little") != count:
                raise BudgetError(f"storage {name!r} claims {count:,} numbers, and the file holds fewer")
            tensor = torch.empty(length, dtype=torch.uint8)
            tensor.numpy()[:] = np.frombuffer(data, np.uint8, length, at + 8)
            storages[name] = _moved(tensor.untyped_storage(), saved_on, location)
            at += 8 + length
        if storages.keys() != self.found.keys():
            raise PickleError("some of its storages are not in the file")
        return storages


def _is_class(key: Any) -> bool:
    """Whether a reference is to a class, of which old files hold the source code."""
    return type(key) is tuple and len(key) > 1 and key[0] in ("module", b"module")


def _old_storage(key: Any, storages: dict[str, torch.UntypedStorage], views: Budget) -> Any:
    if _is_class(key):
        return key[1]
    kind, name, _, _ = _checked_key(key)
    untyped = storages[name]
    if len(key) > 5 and key[5] is not None:  # a part of another storage
        _, offset, length = key[5]
        first, last = (int(place) * kind.dtype.itemsize for place in (offset, offset + length))
        if not 0 <= first <= last <= untyped.nbytes():
            raise PickleError("a part of a storage is outside of it")
        untyped = untyped[first:last]
    return Storage(untyped, kind.dtype, views)
