"""The cache of a data set: what is kept, where, and for how much."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable
from multiprocessing.context import get_spawning_popen
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
import PIL
import simplejpeg

from mmpretrain.datasets.pixels.prefix import Prefix
from mmpretrain.datasets.records import RecordTable, TextColumn
from mmpretrain.datasets.transforms.functional.io import imread_size
from mmpretrain.datasets.transforms.held import HeldPixels
from mmpretrain.errors import ConfigError, MMPretrainError
from mmpretrain.utils.fileio import holding
from mmpretrain.utils.memory import free_memory
from mmpretrain.utils.sizes import parse_size, show_size

if TYPE_CHECKING:
    from mmpretrain.datasets.base_dataset import BaseDataset
    from mmpretrain.datasets.pixels.store import Kept, PixelStore

Where = Literal["ram", "disk"]
#: Changes when kept pixels may no longer be what pipelines give.
VERSION = 1
#: Images that are looked at to learn how much room all of them need.
SAMPLE = 100
#: How much of the free memory, or of the free disk, a cache takes unless it is told.
SHARE = 0.5
#: A cache of an earlier run is used if its room and that of now differ by no more than this.
REUSED = 0.75

logger = logging.getLogger(__name__)


class PixelCache:
    """Keeps what the deterministic beginning of a data set's pipeline gives.

    Args:
        dataset: The data set, with its records.
        where: ``'ram'``, shared by all workers, or ``'disk'``, kept for later runs.
        size: How many bytes it may take, such as ``'8GB'``.

    Raises:
        ConfigError: If a setting is none.
    """

    def __init__(self, dataset: BaseDataset, where: Where, size: str | int | None) -> None:
        if where not in ("ram", "disk"):
            raise ConfigError(f"cache must be 'ram', 'disk' or None, got {where!r}", key="cache")
        self.where = where
        self.limit = None if size is None else parse_size(size, "cache_size")
        self._steps: list[Callable] = list(dataset.pipeline.transforms)
        self.prefix = Prefix(self._steps)
        self.store: PixelStore | None = None
        if not self.prefix.length or not len(dataset):
            first = type(self._steps[0]).__name__ if self._steps else "nothing"
            logger.warning("cache=%r has no effect: the pipeline begins with %s", where, first)
            return
        self._parts = dataset.pipeline.split(self.prefix.length)
        self._loader = self.prefix.loader()
        if os.name != "posix":
            logger.warning("cache=%r has no effect on this system: it needs POSIX locks", where)
            return
        try:
            self._open(dataset)
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            logger.warning("cache=%r has no effect: %s%s", where, place, error.strerror or error)

    @classmethod
    def if_it_fits(cls, dataset: BaseDataset) -> PixelCache | None:
        """A cache in memory with room for all images; None if there is not enough, or nothing to keep."""
        cache = cls(dataset, "ram", None) if Prefix(dataset.pipeline.transforms).length else None
        if cache is None or cache.store is None or cache.store.room < cache.needed(dataset):
            return None
        return cache

    def __reduce__(self) -> tuple[Any, ...]:
        # Worker processes share the store; copies for anything else have none.
        state = self.__dict__ if get_spawning_popen() is not None else {**self.__dict__, "store": None}
        return _with_state, (state,)

    def _open(self, dataset: BaseDataset) -> None:
        """Make or find the store, after saying how much it needs."""
        from mmpretrain.datasets.pixels.store import PixelStore

        needed = self.needed(dataset)
        if not needed:
            logger.warning(
                "cache=%r has no effect: the photos are so large that they are decoded at reduced size, "
                "which a cache would change; MMPRETRAIN_EXACT_PIXELS=1 decodes them as a whole",
                self.where,
            )
            return
        slots = len(dataset)
        if self.where == "ram":
            free = free_memory() // max(int(os.environ.get("LOCAL_WORLD_SIZE", "1") or 1), 1)
            free = max(free - PixelStore.promised(), 0)
            room = min(needed, self.limit or int(free * SHARE))
            self._say(dataset, needed, room, f"{show_size(free)} of memory are free")
            self.store = PixelStore.in_memory(slots, max(room, 1))
            return
        folder = cache_folder()
        free = shutil.disk_usage(folder).free
        limit = self.limit or int((free + _size_of(folder)) * SHARE)
        room = max(min(needed, limit), 1)
        key = self._key(dataset)
        path = folder / f"{key.hex()}.pixels"
        before = PixelStore.room_of(path, slots, key)
        most = self.limit or room / REUSED
        if before is not None and REUSED * room <= before <= most:  # how much is free differs a little
            room = before
        clean(folder, limit - room, keep=path)
        self._say(dataset, needed, room, f"{show_size(free)} are free in {folder}")
        self.store = PixelStore.at(path, slots, room, key)
        os.utime(path)

    def _say(self, dataset: BaseDataset, needed: int, room: int, free: str) -> None:
        steps = ", ".join(type(step).__name__ for step in self._steps[: self.prefix.length])
        enough = "all of them" if room >= needed else f"the first {room / needed:.0%} of them"
        logger.info(
            "cache=%r keeps what %s gives for %s images: they need about %s, there is room for %s (%s; %s)",
            self.where, steps, f"{len(dataset):,}", show_size(needed), enough, show_size(room), free,
        )  # fmt: skip

    def needed(self, dataset: BaseDataset) -> int:
        """About how many bytes all images take, judged by some of them."""
        chosen = np.unique(np.linspace(0, len(dataset) - 1, SAMPLE).astype(int)).tolist()
        sizes = []
        for index in chosen:
            try:
                shape = _shape_of(dataset, index)
            except (MMPretrainError, OSError):
                continue
            if shape is not None:
                sizes.append(self.prefix.size_of(*shape))
        # Images are not all alike: a little more than on average. Where none has a header, anything may come.
        return int(np.mean(sizes) * len(dataset) * 1.05) if sizes else len(dataset) << 20

    def _key(self, dataset: BaseDataset) -> bytes:
        """What the kept pixels depend on, apart from the files themselves, which have their signatures."""
        state = hashlib.blake2b(digest_size=16)
        records = dataset._records
        column = records.columns.get("img_path") if isinstance(records, RecordTable) else None
        if isinstance(column, TextColumn):
            names = column.digest()
        else:
            names = hashlib.sha1(
                "\0".join(str(dataset.get_data_info(i).get("img_path")) for i in range(len(dataset))).encode(
                    "utf-8", "surrogateescape"
                )
            ).hexdigest()
        libraries = (cv2.__version__, simplejpeg.__version__, PIL.__version__)
        facts = (VERSION, repr(self.prefix), libraries, len(dataset), names, os.getcwd())
        state.update(repr(facts).encode())
        return state.digest()

    def run(
        self, number: int, record: dict, dataset: BaseDataset, decode: Callable[[dict, Callable], Any]
    ) -> Any:
        """Run a record through the pipeline of its data set.

        Args:
            number: Its number in the data set.
            record: The record.
            dataset: The data set.
            decode: What applies transforms that read the image of a record.
        """
        pipeline = dataset.pipeline
        if self.store is None or self._steps != pipeline.transforms:  # which may be changed at any time
            return decode(record, pipeline)
        kept, signature = self._find(number, record, dataset)
        if self.prefix.only_loads:
            if kept is None:
                try:
                    loaded = decode(dict(record), self._loader)
                except (MMPretrainError, OSError):
                    loaded = None  # the pipeline says what is wrong
                if loaded is None or not self.prefix.may_keep(*loaded["ori_shape"]):
                    return decode(record, pipeline)
                pixels = loaded["img"]
                self.store.put(number, pixels, loaded["ori_shape"], signature)
            else:
                pixels = kept.pixels
            with holding(record["img_path"], HeldPixels(pixels, self.prefix.load.color_type)):
                return pipeline(record)
        first, rest = self._parts
        if kept is not None:
            return rest(self.prefix.replay(record, *kept))
        results = decode(record, first)
        if results is None:
            return None
        self.store.put(number, results["img"], results["ori_shape"], signature)
        return rest(results)

    def _find(self, number: int, record: dict, dataset: BaseDataset) -> tuple[Kept | None, int]:
        """What is kept of an image, and what it is kept under."""
        assert self.store is not None
        try:
            signature = dataset.image_signature(record) if self.where == "disk" else 0
        except (MMPretrainError, OSError):  # the pipeline says what is wrong
            return None, 0
        return self.store.get(number, signature), signature


def _with_state(state: dict[str, Any]) -> PixelCache:
    cache = PixelCache.__new__(PixelCache)
    cache.__dict__.update(state)
    return cache


def _shape_of(dataset: BaseDataset, index: int) -> tuple[int, int] | None:
    """(height, width) of the image of a record, from its header."""
    sizes: list[tuple[int, int]] = []
    record = dataset.get_data_info(index)
    load = dataset.pipeline.transforms[0]

    def look(results: dict) -> dict:
        sizes.append(imread_size(results["img_path"], load.backend_args))
        return results

    dataset._apply(record, look)
    return sizes[0] if min(sizes[0]) else None


def cache_folder() -> Path:
    """The folder of caches on the disk, which is made if it is not there."""
    base = os.environ.get("MMPRETRAIN_CACHE")
    if not base:
        base = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "mmpretrain")
    folder = Path(base).expanduser() / "pixels"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    """The caches: when they were last opened, the room that they take, where they are."""
    found = []
    for path in folder.glob("*.pixels"):
        try:
            status = path.stat(follow_symlinks=False)
        except FileNotFoundError:  # another process was faster
            continue
        found.append((status.st_mtime, status.st_blocks * 512, path))
    return sorted(found)


def _size_of(folder: Path) -> int:
    return sum(size for _, size, _ in _files(folder))


def clean(folder: Path, limit: int, keep: Path) -> None:
    """Delete the caches that were not used for longest, until the others take no more than ``limit`` bytes.

    Args:
        folder: Their folder.
        limit: How many bytes may remain besides ``keep``.
        keep: A cache that is not deleted.
    """
    files = [file for file in _files(folder) if file[2] != keep]
    total = sum(size for _, size, _ in files)
    for _, size, path in files:
        if total <= limit:
            return
        # Processes that use it keep what they have mapped.
        path.unlink(missing_ok=True)
        total -= size
        logger.info("The cache %s was deleted, to make room", path)
