"""Arrays by number, in a file or in memory that all processes of a loader share.

Nothing is ever replaced: when the room is used up, further arrays are not kept. An array is written first,
and its slot in the table afterwards, so that a reader sees it whole or not at all; a process that dies in
between wastes the room of one array.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import mmap
import os
import tempfile
import threading
import weakref
import zlib
from collections.abc import Callable
from multiprocessing import reduction
from multiprocessing.context import get_spawning_popen
from typing import Any, ClassVar, NamedTuple

import numpy as np

from mmpretrain.errors import DataError

logger = logging.getLogger(__name__)

MAGIC = b"mmpixel1"
#: Magic, fingerprint, number of slots, bytes of room, bytes that are used.
HEADER = np.dtype([("magic", "S8"), ("key", "V16"), ("slots", "<u8"), ("room", "<u8"), ("used", "<u8")])
SLOT = np.dtype([
    ("start", "<u8"), ("height", "<u4"), ("width", "<u4"), ("whole_height", "<u4"), ("whole_width", "<u4"),
    ("channels", "u1"), ("is_float", "u1"), ("claimed", "<u2"), ("sum", "<u4"), ("signature", "<u8"),
])  # fmt: skip
PAGE = 4096


class Kept(NamedTuple):
    """An array and where it comes from.

    Args:
        pixels: uint8 or float32, (H, W) or (H, W, C); read-only.
        shape: (height, width) of the image that it was made of.
    """

    pixels: np.ndarray
    shape: tuple[int, int]


class PixelStore:
    """Arrays by number.

    Args:
        descriptor: An open file: one without a name, or one that is used again by later runs.
        slots: How many arrays there can be.
        room: How many bytes they may take.
        key: What they depend on, 16 bytes.
        checked: Whether to compare check sums when an array is first read, as after a crash of the machine.

    Raises:
        DataError: If the file holds something else.
    """

    _in_memory: ClassVar[weakref.WeakSet[PixelStore]] = weakref.WeakSet()

    def __init__(self, descriptor: int, slots: int, room: int, key: bytes, checked: bool = False) -> None:
        self.descriptor, self.slots, self.room, self.key, self.checked = descriptor, slots, room, key, checked
        self._table_at = PAGE
        self._data_at = PAGE + -(-slots * SLOT.itemsize // PAGE) * PAGE
        self._seen = bytearray(slots) if checked else None
        self._threads = threading.Lock()
        if not self._locked(self._prepare):
            raise DataError("This file keeps no pixels of this kind")
        self._map = mmap.mmap(descriptor, self._data_at + room)
        self._header = np.frombuffer(self._map, HEADER, 1)
        self._slots = np.frombuffer(self._map, SLOT, slots, self._table_at)

    @classmethod
    def in_memory(cls, slots: int, room: int) -> PixelStore:
        """Memory without a name, which is given back when the last process that uses it ends."""
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("mmpretrain-pixels")
        else:
            descriptor, path = tempfile.mkstemp()
            os.unlink(path)
        store = cls(descriptor, slots, room, bytes(16))
        cls._in_memory.add(store)
        return store

    @classmethod
    def promised(cls) -> int:
        """How many bytes the stores in the memory of this process will take besides those that they have."""
        return sum(store.room - store.used for store in cls._in_memory)

    @staticmethod
    def room_of(path: str | os.PathLike[str], slots: int, key: bytes) -> int | None:
        """The room of a file of the same kind; None if there is none."""
        try:
            with open(path, "rb") as file:
                content = file.read(HEADER.itemsize)
        except OSError:
            return None
        if len(content) < HEADER.itemsize:
            return None
        found = np.frombuffer(content, HEADER)[0]
        known = (bytes(found["magic"]), found["key"].tobytes(), int(found["slots"]))
        return int(found["room"]) if known == (MAGIC, key, slots) else None

    @classmethod
    def at(cls, path: str | os.PathLike[str], slots: int, room: int, key: bytes) -> PixelStore:
        """A file, which is made if it is not there, or is of another kind."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
        try:
            return cls(descriptor, slots, room, key, checked=True)
        except DataError:  # damaged; others may have mapped it, so it is not written to
            os.close(descriptor)
            os.unlink(path)
            return cls(os.open(path, flags, 0o600), slots, room, key, checked=True)

    def _prepare(self) -> bool:
        """Make an empty file ready, and say whether this is one of the wanted kind.

        Room is reserved for the table; the rest of the file takes room as it is written.
        """
        size = os.fstat(self.descriptor).st_size
        found = np.frombuffer(
            os.pread(self.descriptor, HEADER.itemsize, 0).ljust(HEADER.itemsize, b"\0"), HEADER
        )[0]
        if size:
            known = (bytes(found["magic"]), found["key"].tobytes(), int(found["slots"]), int(found["room"]))
            sound = known == (MAGIC, self.key, self.slots, self.room)
            return sound and size == self._data_at + self.room and int(found["used"]) <= self.room
        try:
            os.posix_fallocate(self.descriptor, 0, self._data_at)
        except OSError as error:  # not all file systems can
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
        os.ftruncate(self.descriptor, self._data_at + self.room)
        header = np.array([(MAGIC, self.key, self.slots, self.room, 0)], HEADER)
        os.pwrite(self.descriptor, header.tobytes(), 0)
        return True

    def _locked(self, action: Callable[[], Any]) -> Any:
        """Do something while no other process or thread does; a process that dies lets go of the lock."""
        with self._threads:
            fcntl.lockf(self.descriptor, fcntl.LOCK_EX)
            try:
                return action()
            finally:
                fcntl.lockf(self.descriptor, fcntl.LOCK_UN)

    @property
    def used(self) -> int:
        """How many bytes are taken."""
        return int(self._header["used"][0])

    @property
    def count(self) -> int:
        """How many arrays there are."""
        return int(np.count_nonzero(self._slots["start"]))

    def get(self, number: int, signature: int = 0) -> Kept | None:
        """The array of a number; None if there is none, or one with another signature."""
        slot = self._slots[number]
        start = int(slot["start"])
        if not start or int(slot["signature"]) != signature:
            return None
        shape = (int(slot["height"]), int(slot["width"]), int(slot["channels"]))
        dtype = np.dtype(np.float32 if slot["is_float"] else np.uint8)
        count = shape[0] * shape[1] * max(shape[2], 1)
        size = count * dtype.itemsize
        if not count or start < self._data_at or start + size > len(self._map):
            return None
        pixels = np.frombuffer(self._map, dtype, count, start).reshape(shape if shape[2] else shape[:2])
        if self._seen is not None and not self._seen[number]:
            if zlib.crc32(pixels) != int(slot["sum"]):  # type: ignore[arg-type]
                return None
            self._seen[number] = 1
        pixels.flags.writeable = False
        return Kept(pixels, (int(slot["whole_height"]), int(slot["whole_width"])))

    def put(self, number: int, pixels: np.ndarray, shape: tuple[int, int], signature: int = 0) -> bool:
        """Keep an array, unless another process does, and say whether it is there.

        Args:
            number: Its number.
            pixels: The array.
            shape: (height, width) of the image that it was made of.
            signature: What it is to be asked for with.
        """
        if pixels.dtype not in (np.uint8, np.float32) or pixels.ndim not in (2, 3):
            return False
        if self.used + pixels.nbytes > self.room:
            return False
        start = self._locked(lambda: self._take(number, pixels.nbytes, signature))
        if start is None:
            return self._has(number, signature)
        data = memoryview(pixels.tobytes())
        try:
            while data:
                written = os.pwrite(self.descriptor, data, start)
                start, data = start + written, data[written:]
        except OSError as error:  # the disk or the memory is full
            logger.warning("No more images are kept in the cache: %s", error.strerror)
            self._locked(self._close)
            return False
        height, width, *channels = pixels.shape
        row = (0, height, width, *shape, channels[0] if channels else 0, pixels.dtype == np.float32, 1)
        total = zlib.crc32(np.ascontiguousarray(pixels)) if self.checked else 0  # type: ignore[arg-type]
        self._slots[number] = (*row, total, signature)
        self._slots["start"][number] = start - pixels.nbytes
        return True

    def _has(self, number: int, signature: int) -> bool:
        slot = self._slots[number]
        return bool(slot["start"]) and int(slot["signature"]) == signature

    def _take(self, number: int, size: int, signature: int) -> int | None:
        """Reserve bytes, and return where they begin; None if there is no room, or no need."""
        used = self.used
        if used + size > self.room or self._has(number, signature):
            return None
        if not self.checked:  # a file outlives processes that die before they write what they claimed
            if self._slots["claimed"][number]:
                return None
            self._slots["claimed"][number] = 1
        self._header["used"] = used + -(-size // 64) * 64
        return self._data_at + used

    def _close(self) -> None:
        self._header["used"] = self.room

    def __reduce__(self) -> tuple[Any, ...]:
        if get_spawning_popen() is None:
            raise TypeError("a store of pixels is shared with worker processes only")
        shared = reduction.DupFd(self.descriptor)
        return _received, (shared, self.slots, self.room, self.key, self.checked)


def _received(shared: Any, slots: int, room: int, key: bytes, checked: bool) -> PixelStore:
    return PixelStore(shared.detach(), slots, room, key, checked)
