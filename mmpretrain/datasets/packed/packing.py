"""Packing data sets."""

from __future__ import annotations

import hashlib
import os
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import torch
from torch.utils.data import DataLoader, Dataset

from mmpretrain.config.wrapped import innermost
from mmpretrain.datasets.encoded import EncodedDataset
from mmpretrain.datasets.from_spec import dataset_from_spec
from mmpretrain.datasets.labelled_dataset import as_labelled
from mmpretrain.datasets.packed.columns import as_json, columns_of, plain_metainfo, records_of
from mmpretrain.datasets.packed.encode import Encoding, Stored, encode, jpegtran
from mmpretrain.datasets.packed.layout import INDEX, ROWS, SETTINGS
from mmpretrain.datasets.packed.places import SPLITS
from mmpretrain.datasets.packed.writer import PackWriter, digest_of
from mmpretrain.datasets.part_names import Split
from mmpretrain.datasets.places import root_of
from mmpretrain.datasets.records import ENCODING
from mmpretrain.datasets.unlabelled import images_from_spec
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.fileio import read_bytes
from mmpretrain.utils.locks import FolderLock
from mmpretrain.utils.processes import die_with_parent
from mmpretrain.utils.progress import track

#: Images that a worker is asked for ahead of time.
AHEAD = 8


@dataclass(frozen=True)
class Packed:
    """One split after packing.

    Attributes:
        split: Its name.
        folder: Where it is.
        samples: How many images it has.
        summary: See :func:`~mmpretrain.datasets.packed.writer.summary_of`; None if it had been packed before.
        notes: How many images were kept as they were, by reason; only those of this run.
    """

    split: str
    folder: str
    samples: int
    summary: dict[str, Any] | None
    notes: dict[str, int]


class Encoder(Dataset):
    """Images of a data set as they will be stored.

    Args:
        dataset: The data set, or a wrapper.
        how: How they are stored.
        tool: ``jpegtran``, if it is there.
    """

    def __init__(self, dataset: Any, how: Encoding, tool: str | None) -> None:
        self.dataset, self.how, self.tool = dataset, how, tool

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Stored, int, bytes]:
        return self.encode(source_bytes(self.dataset, index))

    def encode(self, data: bytes) -> tuple[Stored, int, bytes]:
        """What is stored of a file, the size of the file, and what tells the image apart."""
        stored = encode(data, self.how, self.tool)
        return stored, len(data), digest_of(stored.data)


def source_bytes(dataset: Any, index: int) -> bytes:
    """The file of a sample, wherever it is."""
    plain, place = root_of(dataset, index)
    record = plain.get_data_info(place)
    if isinstance(plain, EncodedDataset):
        return plain.read_image(record)
    return read_bytes(record["img_path"], plain.backend_args)


def splits_of(spec: str, unlabelled: bool = False) -> dict[str, dict[str, Any]]:
    """The configs of the splits that data have, or are divided into.

    Args:
        spec: See :func:`~mmpretrain.datasets.from_spec.dataset_from_spec`.
        unlabelled: Take all images, without labels, as training data.
    """
    if unlabelled:
        return {"train": images_from_spec(spec)}
    names: tuple[Split, ...] = ("train", "val", "test")
    configs = {name: as_labelled(dataset_from_spec(spec, name), name) for name in names}
    if configs["test"] == configs["val"]:
        del configs["test"]
    return configs  # type: ignore[return-value]


def pack(
    spec: str,
    out: Path,
    how: Encoding,
    *,
    workers: int,
    shard_bytes: int,
    unlabelled: bool = False,
) -> Iterator[Packed]:
    """Pack all splits of data, and yield what became of each. Splits that are there are left alone.

    Args:
        spec: The data, as for ``--data``.
        out: The folder to write.
        how: How images are stored.
        workers: Processes that encode.
        shard_bytes: Size of a shard.
        unlabelled: Whether the data have no labels.

    Raises:
        ConfigError: If the folder holds something else, or another process writes to it.
    """
    if how.quality is not None and how.format != "jpeg":
        raise ConfigError(f"quality is for the format jpeg, not for {how.format}", key="quality")
    if how.short_edge is not None and how.format == "keep":
        raise ConfigError("Files that are resized are not kept as they are", hint="Use --format jpeg or raw.")
    configs = splits_of(spec, unlabelled)
    source = Path(os.path.expanduser(spec)).resolve()
    if source.is_dir() and out.resolve() != source and out.resolve().is_relative_to(source):
        raise ConfigError(
            f"{str(out)!r} lies in the folder of the data, where it would become one of them",
            hint="Name a folder beside it.",
        )
    _check_folder(out, configs)
    out.mkdir(parents=True, exist_ok=True)
    classes = None
    with FolderLock(out):
        for split in configs:  # a folder without an index tells that packing has not come so far
            (out / split).mkdir(exist_ok=True)
        for split in [name for name in SPLITS if name in configs]:
            cfg = configs[split]
            if split != "train" and classes is not None:
                innermost(cfg)["metainfo"] = {"classes": list(classes)}
            innermost(cfg)["test_mode"] = split != "train"
            dataset = DATASETS.build(cfg)
            classes = dataset.CLASSES if split == "train" else classes
            yield _pack_split(dataset, split, out / split, how, workers, shard_bytes)


def _check_folder(out: Path, configs: dict[str, Any]) -> None:
    """Refuse a folder that holds anything but what packing writes."""
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{str(out)!r} is a file", hint="Name a folder.")
    known = {*SPLITS, ".lock"}
    strange = sorted(path.name for path in out.iterdir() if path.name not in known) if out.is_dir() else []
    if strange:
        raise ConfigError(
            f"{str(out)!r} is not empty: it holds {strange[0]!r}", hint="Name another folder for the pack."
        )
    for split in SPLITS:
        if split not in configs and (out / split / INDEX).exists():
            raise ConfigError(
                f"{str(out)!r} has a part {split!r}, and these data have none",
                hint="Name another folder for the pack.",
            )


def _pack_split(
    dataset: Any, split: str, folder: Path, how: Encoding, workers: int, shard_bytes: int
) -> Packed:
    total = len(dataset)
    if not total:
        raise DataError(f"There are no samples for {split}", hint="Check the data.")
    tool = jpegtran() if how.format == "jpeg" else None
    settings = {**asdict(how), "samples": total, "data": _digest(dataset), "tool": bool(tool)}
    if (folder / INDEX).exists():
        _check_same(folder, settings)
        for name in (ROWS, SETTINGS):  # the last thing that packing does is to delete them
            (folder / name).unlink(missing_ok=True)
        return Packed(split, str(folder), total, None, {})
    notes: dict[str, int] = {}
    with PackWriter(folder, settings, shard_bytes) as writer:
        images = encoded(dataset, how, tool, workers, writer.done)
        for stored, before, digest in track(images, f"{split} images", total=total - writer.done):
            writer.add(stored, before, digest)
            if stored.note:
                notes[stored.note] = notes.get(stored.note, 0) + 1
        columns, arrays = columns_of(dataset)
        header = {
            "samples": total,
            "settings": settings,
            "columns": columns,
            "metainfo": plain_metainfo(dataset.metainfo),
        }
        summary = writer.finish(header, arrays)
    return Packed(split, str(folder), total, summary, notes)


def _check_same(folder: Path, settings: dict[str, Any]) -> None:
    from mmpretrain.datasets.packed.index import PackIndex

    # What was done stays done, whether jpegtran is there or not.
    before = PackIndex(str(folder)).header["settings"]
    for key, value in settings.items():
        if key != "tool" and before.get(key) != value:
            other = (
                "other data" if key in ("data", "samples") else f"data packed with {key}={before.get(key)!r}"
            )
            raise ConfigError(f"{str(folder)!r} holds {other}", hint="Name another folder for the pack.")


def _digest(dataset: Any) -> str:
    """What tells two lists of images, their labels, or the names of their classes apart."""
    state = hashlib.blake2b(as_json(plain_metainfo(dataset.metainfo), "metainfo").encode(), digest_size=16)
    for record in records_of(dataset):
        for key, value in record.items():
            state.update(f"{key}\0{as_json(value, key)}\0".encode(*ENCODING))
    return state.hexdigest()


def encoded(
    dataset: Any, how: Encoding, tool: str | None, workers: int, first: int = 0
) -> Iterator[tuple[Stored, int, bytes]]:
    """Encode the images of a data set from ``first`` on, in order, in several processes or threads."""
    task = Encoder(dataset, how, tool)
    indices = range(first, len(dataset))
    workers = min(workers, len(indices))
    if workers < 2:
        yield from map(task.__getitem__, indices)
    elif how.format == "raw":  # to send pixels to another process takes as long as to decode them
        yield from _in_threads(task, indices, workers)
    else:
        yield from _in_processes(task, indices, workers)


def _in_threads(task: Encoder, indices: range, workers: int) -> Iterator[tuple[Stored, int, bytes]]:
    """Decode in threads. Files are read here, as archives and data bases have one place that they read at."""
    pool = ThreadPoolExecutor(workers)
    waiting: deque[Future[tuple[Stored, int, bytes]]] = deque()
    try:
        for index in indices:
            waiting.append(pool.submit(task.encode, source_bytes(task.dataset, index)))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _in_processes(task: Encoder, indices: range, workers: int) -> Iterator[tuple[Stored, int, bytes]]:
    yield from DataLoader(
        task,
        batch_size=None,
        sampler=indices,  # type: ignore[arg-type]
        num_workers=workers,
        prefetch_factor=AHEAD,
        worker_init_fn=partial(_alone, os.getpid()),
        collate_fn=_same,
    )


def _same(item: Any) -> Any:
    return item


def _alone(parent: int, number: int) -> None:
    """Let a worker use one core, and end with the main process, which decides what Ctrl-C means.

    A worker whose result does not fit into the pipe would wait for ever for a main process that was killed.
    """
    die_with_parent(signal.SIGKILL, parent)
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"
