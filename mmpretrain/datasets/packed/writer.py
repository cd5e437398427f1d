"""Writing shards, such that a process that is killed at any moment loses a few seconds of work."""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from mmpretrain.datasets.packed.encode import Stored
from mmpretrain.datasets.packed.layout import FIELDS, HASH_BYTES, INDEX, ROWS, SETTINGS, write_index
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.utils.atomic import remove_unfinished, write_atomic

#: What is noted of each image while packing: its fields, and what the summary is made of.
ROW = np.dtype([*FIELDS.items(), ("hash", "u1", HASH_BYTES), ("before", "<u4"), ("psnr", "<f4")])
#: How long images may wait until they are safe, in seconds.
FLUSH_SECONDS = 2.0


class PackWriter:
    """Writes the images of a split, one after the other, and goes on where an earlier process stopped.

    Images are appended to shards. Then a row for each is appended to a journal. On resuming, rows whose
    images did not reach the disk are dropped.

    Args:
        folder: The folder of the split.
        settings: What this packing is about; an earlier one with other settings is refused.
        shard_bytes: A shard that has reached this size is finished.

    Raises:
        ConfigError: If the folder holds something else.
    """

    def __init__(self, folder: Path, settings: dict[str, Any], shard_bytes: int) -> None:
        self.folder, self.shard_bytes = folder, shard_bytes
        folder.mkdir(parents=True, exist_ok=True)
        note = folder / SETTINGS
        for file in (note, folder / INDEX):
            remove_unfinished(file)
        if note.exists():
            if _settings_in(note) != settings:
                raise ConfigError(
                    f"{str(folder)!r} holds the beginning of a packing of other data, or with other options",
                    hint="Give the same command again, delete the folder, or name another one.",
                )
        elif leftovers := sorted(path.name for path in folder.iterdir() if path.name != ".lock"):
            raise ConfigError(
                f"{str(folder)!r} is not empty: it holds {leftovers[0]!r}", hint="Name another folder."
            )
        else:
            write_atomic(note, lambda file: file.write(json.dumps(settings).encode()))
        self._rows = self._recover()
        self.done = len(self._rows)
        self._waiting: list[Any] = []
        self._journal = open(folder / ROWS, "ab")  # noqa: SIM115
        self._shard = int(self._rows["shard"][-1]) if self.done else 0
        self._file = open(self._path(self._shard), "ab")  # noqa: SIM115
        self._flushed = time.monotonic()

    def _path(self, number: int) -> Path:
        return self.folder / f"shard-{number:05d}.bin"

    def _recover(self) -> np.ndarray:
        """Read the journal, and cut off what was not written as a whole."""
        path = self.folder / ROWS
        if not path.exists():
            for shard in self.folder.glob("shard-*.bin"):
                os.truncate(shard, 0)
            return np.zeros(0, ROW)
        size = path.stat().st_size
        rows = np.fromfile(path, ROW, size // ROW.itemsize)
        shards = sorted(self.folder.glob("shard-*.bin"))
        sizes = np.array([shard.stat().st_size for shard in shards], np.int64)
        inside = rows["shard"] < len(sizes)
        ends = (rows["start"] + rows["size"]).astype(np.int64)
        inside[inside] = ends[inside] <= sizes[rows["shard"][inside]]
        count = len(rows) if inside.all() else int(inside.argmin())
        rows = rows[:count]
        os.truncate(path, count * ROW.itemsize)
        last = int(rows["shard"][-1]) if count else -1
        for number, shard in enumerate(shards):
            if number == last:
                os.truncate(shard, int(ends[count - 1]))
            elif number > last:
                os.truncate(shard, 0)
        return rows

    def add(self, stored: Stored, before: int, digest: bytes) -> None:
        """Append an image.

        Args:
            stored: The image.
            before: Bytes of the file that it comes from.
            digest: Its :func:`digest_of`.
        """
        position = self._file.tell()
        if position >= self.shard_bytes:
            self._flush()
            self._file.close()
            self._shard += 1
            if self._shard >= 1 << 16:
                raise ConfigError(
                    "There would be more than 65,536 shards", hint="Choose a larger --shard-size."
                )
            self._file = open(self._path(self._shard), "ab")  # noqa: SIM115
            position = 0
        table = stored.starts.astype("<u4").tobytes()
        gap = -position % 4
        self._file.write(b"\0" * gap + table + stored.data)
        start = position + gap + len(table)
        shape = stored.intervals or (*stored.shape, 0, 0, 0, 0)
        row = (start, len(stored.data), self._shard, stored.kind, *shape, list(digest), before, stored.psnr)
        self._waiting.append(row)
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self._flush()

    def _flush(self) -> None:
        """Bring images to the disk, and then their rows."""
        for file in (self._file, self._journal):
            if file is self._journal and self._waiting:
                file.write(np.array(self._waiting, ROW).tobytes())
                self._waiting.clear()
            file.flush()
            os.fsync(file.fileno())
        self._flushed = time.monotonic()

    def finish(self, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """Write the index, and delete the journal.

        Args:
            header: What the index says besides the shards.
            arrays: The columns.

        Returns:
            The summary, which the index holds as well.
        """
        self._flush()
        rows = np.memmap(self.folder / ROWS, ROW, "r") if self.folder.joinpath(ROWS).stat().st_size else None
        rows = self._rows if rows is None else rows
        if len(rows) != header["samples"]:
            raise DataError(
                f"{len(rows):,} images were packed, and the data have {header['samples']:,}",
                where=str(self.folder),
                hint="Pack data that do not change meanwhile.",
            )
        shards = [
            {"name": self._path(number).name, "bytes": self._path(number).stat().st_size}
            for number in range(self._shard + 1)
        ]
        summary = summary_of(rows)
        fields = {name: np.ascontiguousarray(rows[name]) for name in (*FIELDS, "hash")}
        write_index(
            self.folder / INDEX, {**header, "shards": shards, "summary": summary}, {**fields, **arrays}
        )
        self.close()
        for name in (ROWS, SETTINGS):
            (self.folder / name).unlink()
        return summary

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        self._journal.close()

    def __enter__(self) -> PackWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._file.closed:
            with suppress(OSError) if kind else nullcontext():  # a full disk has been reported already
                self._flush()
            self.close()


def _settings_in(note: Path) -> Any:
    try:
        return json.loads(note.read_text())
    except ValueError:
        return None


def digest_of(data: bytes) -> bytes:
    """What tells two images apart."""
    return hashlib.blake2b(data, digest_size=HASH_BYTES).digest()


def summary_of(rows: np.ndarray) -> dict[str, Any]:
    """What came out: counts by kind, bytes before and after, and how near re-encoded pixels are."""
    encoded = rows["psnr"][np.isfinite(rows["psnr"])].astype(np.float64)
    return {
        "kinds": np.bincount(rows["kind"], minlength=3).tolist(),
        "bytes_before": int(rows["before"].sum(dtype=np.int64)),
        "bytes": int(rows["size"].sum(dtype=np.int64)),
        "encoded_again": len(encoded),
        "psnr": [float(encoded.min()), float(encoded.mean())] if len(encoded) else None,
    }
