"""Images in tar shards, in the layout of WebDataset.

Files of a shard that share the name up to the first dot are one sample: ``0001.jpg`` and ``0001.cls`` (a
class index or name) or ``0001.json`` (a dict with ``label``). Samples are read by their byte range, locally
or from anywhere that fsspec reaches, so they have indices like those of any data set: samplers deal them out
to ranks and workers, whatever their number, and a run resumes exactly. Where every sample is comes from the
headers of the shards, or from ``<shard>.index.json`` files, which :func:`write_index` makes: with them
nothing but the samples is fetched.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from typing import Any

import torch
from torch import Tensor

from mmpretrain.datasets.custom import IMG_EXTENSIONS
from mmpretrain.datasets.encoded import EncodedDataset, check_source
from mmpretrain.datasets.labels import to_indices
from mmpretrain.datasets.lazy_list import LazyList
from mmpretrain.datasets.records import RecordTable, column_of
from mmpretrain.datasets.samplers.base import EpochSampler, pad
from mmpretrain.errors import ConfigError, DataError, MissingFileError
from mmpretrain.registry import DATA_SAMPLERS, DATASETS
from mmpretrain.utils.brief import brief
from mmpretrain.utils.fileio import (
    BackendArgs,
    exists,
    is_local,
    join,
    open_binary,
    read_text,
    resolve,
    write_text,
)
from mmpretrain.utils.plain_data import parse_json

INDEX = ".index.json"
IMAGES = {extension.lstrip(".") for extension in (*IMG_EXTENSIONS, ".webp", ".gif")}
#: Shards whose headers are read at the same time.
THREADS = 16

Entry = tuple[str, int, int, Any]  # name, offset, size, label


def expand(pattern: str) -> list[str]:
    """Names that a pattern with ``{000..099}``, ``{a,b}`` or ``::`` between patterns stands for.

    Raises:
        ConfigError: If the ends of a range are not numbers, or in the wrong order.
    """
    if "::" in pattern and "://" not in pattern:
        return [name for part in pattern.split("::") for name in expand(part)]
    parts = re.split(r"\{([^{}]*)\}", pattern)
    choices = [[part] if i % 2 == 0 else _choices(part, pattern) for i, part in enumerate(parts)]
    return ["".join(combination) for combination in product(*choices)]


def _choices(inside: str, pattern: str) -> list[str]:
    first, dots, last = inside.partition("..")
    if not dots:
        return inside.split(",")
    if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        raise ConfigError(f"{{{inside}}} is no range", where=pattern, hint="Write {000..099}.")
    width = len(first) if first.startswith("0") else 0
    return [f"{number:0{width}d}" for number in range(int(first), int(last) + 1)]


def scan(shard: str, backend_args: BackendArgs = None) -> list[Entry]:
    """Read the headers of a shard.

    Raises:
        DataError: If it is no tar file, is compressed, or has a label that is not understood.
    """
    images: dict[str, tuple[str, int, int]] = {}
    labels: dict[str, Any] = {}
    try:
        with open_binary(shard, backend_args) as file, tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                folder, _, base = member.name.rpartition("/")
                stem, _, extension = base.partition(".")
                key = f"{folder}/{stem}" if folder else stem
                if not member.isfile():
                    continue
                if extension.lower() in IMAGES:
                    images[key] = (member.name, member.offset_data, member.size)
                elif extension in ("cls", "json"):
                    content = tar.extractfile(member)
                    assert content is not None
                    labels[key] = _label(content.read(), extension, f"{shard}/{member.name}")
            file.seek(tar.offset)
            if len(file.read(tarfile.BLOCKSIZE)) < tarfile.BLOCKSIZE:
                raise tarfile.ReadError("its end is missing")
    except tarfile.TarError as error:
        raise DataError(
            f"This is not an intact, uncompressed tar file ({error})",
            where=shard,
            hint="Samples are read by their byte range, which compression would change.",
        ) from error
    return [(name, offset, size, labels.get(key)) for key, (name, offset, size) in images.items()]


def _label(content: bytes, extension: str, where: str) -> Any:
    try:
        return content.decode().strip() if extension == "cls" else json.loads(content).get("label")
    except (ValueError, AttributeError) as error:
        raise DataError(f"This label is not understood ({error})", where=where) from error


def write_index(shards: str | Sequence[str], backend_args: BackendArgs = None) -> None:
    """Write ``<shard>.index.json`` next to each shard, for readers that are far away."""
    for shard in _names(shards):
        write_text(json.dumps(scan(shard, backend_args)), shard + INDEX, backend_args=backend_args)


def _names(shards: str | Sequence[str]) -> list[str]:
    return [name for part in ([shards] if isinstance(shards, str) else shards) for name in expand(part)]


def _entries(shard: str, backend_args: BackendArgs = None) -> list[Entry]:
    try:
        if exists(shard + INDEX, backend_args):
            text = read_text(shard + INDEX, backend_args=backend_args)
            return [_checked(entry, shard + INDEX) for entry in parse_json(text, shard + INDEX)]
        return scan(shard, backend_args)
    except MissingFileError as error:
        raise MissingFileError(
            f"There is no shard {shard!r}", hint="Check the pattern: {000..099} stands for 100 names."
        ) from error


def _checked(entry: Any, where: str) -> Entry:
    """Return an item of an index, if it is a name, a place, a size and a label."""
    match entry:
        case [str(name), int(offset), int(size), label] if offset >= 0 and size >= 0:
            return name, offset, size, label
    raise DataError(
        f"An item of the index is {brief(entry)}, and not [name, offset, size, label]",
        where=where,
        hint="Delete the file, or write it again with mmpretrain.datasets.shards.write_index.",
    )


@DATASETS.register_module()
class ShardDataset(EncodedDataset):
    """Images in tar shards; see :mod:`mmpretrain.datasets.shards`.

    Args:
        shards: Names or URLs of the shards, as a pattern (``'train-{000..099}.tar'``) or a list.
        data_root: Folder, or URL, that the names are relative to.
        with_label: Whether samples have a label.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    PLACE = "shards"
    STORED = ("shard", "offset", "size")

    def __init__(
        self, shards: str | Sequence[str], data_root: str = "", with_label: bool = True, **kwargs: Any
    ) -> None:
        check_source(type(self), kwargs, "shards", "data_root")
        self.shards = [os.path.expanduser(join(data_root, name)) for name in _names(shards)]
        self.with_label = with_label
        super().__init__(data_root=data_root, **kwargs)

    def load_data_list(self) -> list[dict]:
        with ThreadPoolExecutor(THREADS) as pool:
            entries = list(pool.map(partial(_entries, backend_args=self.backend_args), self.shards))
        samples = [sample for found in entries for sample in found]
        shards = [number for number, found in enumerate(entries) for _ in found]
        paths = [f"{self.shards[shard]}/{name}" for shard, (name, _, _, _) in zip(shards, samples)]
        table = {
            "img_path": column_of(paths),
            "shard": column_of(shards),
            "offset": column_of([offset for _, offset, _, _ in samples]),
            "size": column_of([size for _, _, size, _ in samples]),
        }
        if self.with_label:
            values = [label for _, _, _, label in samples]
            labels, names = to_indices(values, self.CLASSES, paths.__getitem__)
            if names is not None:
                self.CLASSES = names
            table["gt_label"] = column_of(labels)
        return LazyList(RecordTable(table, len(samples)))

    def read_image(self, record: dict[str, Any]) -> bytes:
        shard, start, size = self.shards[record["shard"]], record["offset"], record["size"]
        if is_local(shard, self.backend_args):
            with open(shard, "rb") as file:
                file.seek(start)
                return file.read(size)
        system, inner = resolve(shard, self.backend_args)
        return bytes(system.cat_file(inner, start, start + size))  # type: ignore[arg-type]

    def extra_repr(self) -> list[str]:
        return [f"Shards: \t{len(self.shards)}, from {self.shards[0]}"]


@DATA_SAMPLERS.register_module()
class ShardSampler(EpochSampler):
    """Every sample once an epoch, shard by shard, so that disks and servers read more or less in sequence.

    Shards are shuffled and dealt out to the ranks. Within each rank, samples are shuffled among
    ``open_shards`` neighbouring shards.

    Args:
        dataset: A :class:`ShardDataset`.
        shuffle: Whether the order is random.
        seed: Seed of the order; None draws one that all ranks share.
        open_shards: Among how many shards samples are mixed.
        round_up: Repeat some samples so that all ranks have equally many.
    """

    def __init__(
        self,
        dataset: Any,
        shuffle: bool = True,
        seed: int | None = None,
        open_shards: int = 8,
        round_up: bool = True,
    ) -> None:
        super().__init__(dataset, shuffle, seed)
        self.open_shards = open_shards
        self.round_up = round_up
        shard_of = torch.tensor([dataset.get_data_info(i)["shard"] for i in range(len(dataset))])
        self._of_shard = [torch.nonzero(shard_of == shard).flatten() for shard in shard_of.unique()]
        self.num_samples = -(-(len(dataset) - (0 if round_up else self.rank)) // self.world_size)

    def indices(self) -> Tensor:
        generator = self.generator()
        shards = self._of_shard
        if self.shuffle:
            shards = [shards[i] for i in torch.randperm(len(shards), generator=generator)]
        mixed = []
        for first in range(0, len(shards), self.open_shards):
            window = torch.cat(shards[first : first + self.open_shards])
            if self.shuffle:
                window = window[torch.randperm(len(window), generator=generator)]
            mixed.append(window)
        order = torch.cat(mixed)
        if self.round_up:
            order = pad(order, self.num_samples * self.world_size)
        # A contiguous part for each rank: ranks read different shards.
        if self.round_up:
            first = self.rank * self.num_samples
        else:
            first = sum(-(-(len(order) - rank) // self.world_size) for rank in range(self.rank))
        return order[first : first + self.num_samples]

    def __len__(self) -> int:
        return self.num_samples
