"""The checks of :mod:`mmpretrain.datasets.preflight` that look at data sets."""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mmpretrain.datasets.encoded import EncodedDataset
from mmpretrain.datasets.records import RecordTable, TextColumn
from mmpretrain.datasets.transforms import LoadImageFromFile
from mmpretrain.errors import ConfigError, MMPretrainError, TransformError, add_note
from mmpretrain.utils.fileio import is_local, read_lines
from mmpretrain.utils.seeding import preserved_rng, seed_everything

Level = Literal["hard", "soft"]
HARD: Level = "hard"

#: Images that are decoded where not all are.
SAMPLE = 64
#: Data sets of no more images than this are decoded whole.
SMALL = 512
THREADS = 16
#: Samples that go through the pipeline once.
TRIED = 8
#: Names that a message lists before it stops.
SHOWN = 3


@dataclass(frozen=True)
class Problem:
    """A problem with the data.

    Attributes:
        level: ``'hard'`` stops the run, ``'soft'`` is warned of.
        split: The split that it is about, or ``''``.
        text: What is wrong, and where.
    """

    level: Level
    split: str
    text: str


def soft(split: str, text: str) -> Problem:
    """A problem that is only warned of."""
    return Problem("soft", split, text)


# -- classes -------------------------------------------------------------------------------------------


def class_names(dataset: Any) -> list[str] | None:
    """The classes of a data set; a data set that is not ours has them in ``metainfo`` at most."""
    names = getattr(dataset, "metainfo", {}).get("classes")
    return None if names is None else list(names)


def different_classes(train: Any, other: Any, split: str) -> Iterator[Problem]:
    """Find classes that are not the same, or not in the same order, in training and elsewhere."""
    ours, theirs, kind = _label_maps(train, other)
    if ours is None or theirs is None or ours == theirs:
        return
    here, there = [name for name in ours if name not in theirs], [name for name in theirs if name not in ours]
    moved = [name for name in theirs if name in ours and ours[name] != theirs[name]]
    parts = [
        f"only in {where}: {_listed([_described(name, others) for name in names])}"
        for where, names, others in (("train", here, there), (split, there, here))
        if names
    ]
    if not here and not there:
        parts = [f"another order: {_listed([f'{n!r} is {theirs[n]} instead of {ours[n]}' for n in moved])}"]
    text = f"{split} {kind} differ from train: {'; '.join(parts)}"
    # Names that have nothing in common may be two ways to name the same: class folders and proper names.
    renamed = kind == "classes" and len(ours) == len(theirs) == len(there)
    yield Problem(HARD, split, text) if (there or moved) and not renamed else soft(split, text)


def _label_maps(
    train: Any, other: Any
) -> tuple[dict[str, int] | None, dict[str, int] | None, Literal["folders", "classes"]]:
    """Label by name in both data sets: by folder if they have class folders, else by class."""
    folders = [getattr(root_of(dataset, 0)[0], "folder_to_idx", None) for dataset in (train, other)]
    if None not in folders:
        return folders[0], folders[1], "folders"
    maps = [
        None if names is None else {name: label for label, name in enumerate(names)}
        for names in map(class_names, (train, other))
    ]
    return maps[0], maps[1], "classes"


def _described(name: str, others: Sequence[str]) -> str:
    """The name, and why it may be meant to be another one."""
    if name != name.strip():
        return f"{name!r} ({'trailing' if name == name.lstrip() else 'leading'} space)"
    twin = next((other for other in others if _plain(other) == _plain(name)), None)
    if twin is None:
        return repr(name)
    if unicodedata.normalize("NFC", name) == unicodedata.normalize("NFC", twin):
        return f"{name!r} (another Unicode form of {twin!r})"
    return f"{name!r} (looks like {twin!r})"


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in text if character.isalnum())


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def label_arrays(dataset: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """All labels, and the sample that each belongs to; None if labels are no class indices."""
    size = len(dataset)
    try:
        labels = np.asarray(dataset.get_gt_labels())
        if labels.ndim == 1 and labels.dtype.kind in "iu":
            return labels.astype(np.int64), np.arange(size)
    except (AttributeError, KeyError, ValueError, TypeError):  # several labels a sample, or none
        pass
    try:
        several = [dataset.get_cat_ids(index) for index in range(size)]
        owners = np.repeat(np.arange(size), [len(ids) for ids in several])
        return np.array([int(label) for ids in several for label in ids], dtype=np.int64), owners
    except (AttributeError, KeyError, ValueError, TypeError, NotImplementedError):
        return None


def label_range(split: str, dataset: Any, num_classes: int | None, source: str | None) -> Iterator[Problem]:
    """Find labels that the head, or the list of class names, has no place for."""
    found = label_arrays(dataset)
    if found is None or not len(found[0]):
        return
    labels, owners = found
    names = class_names(dataset)
    limits = [(num_classes, f"{source or 'num_classes'}: {num_classes} classes")]
    if num_classes is None and names is not None:
        limits = [(len(names), f"there are {len(names)} class names")]
    level: Level = HARD if num_classes is not None else "soft"
    for limit, reason in limits:
        if limit is None:
            continue
        wrong = np.flatnonzero((labels < 0) | (labels >= limit))
        if len(wrong):
            from_one = labels.min() == 1 and labels.max() == limit
            worst = labels[wrong[np.abs(labels[wrong]).argmax()]]
            yield Problem(
                level,
                split,
                f"Label {worst} out of range: {reason}, but {split} has labels "
                f"{labels.min()}..{labels.max()}; {len(set(owners[wrong].tolist()))} samples, "
                f"first {place_of(dataset, int(owners[wrong[0]]))}{'; labels count from 0' * bool(from_one)}",
            )


def empty_classes(train: Any) -> Iterator[Problem]:
    """Find classes without a training sample."""
    names, found = class_names(train), label_arrays(train)
    if names is None or found is None:
        return
    present = set(found[0].tolist())
    empty = [repr(name) for label, name in enumerate(names) if label not in present]
    if empty:
        plural = "es have" if len(empty) > 1 else " has"
        yield soft("train", f"{len(empty)} class{plural} no sample: {_listed(empty)}")


# -- samples -------------------------------------------------------------------------------------------


def root_of(dataset: Any, index: int) -> tuple[Any, int]:
    """The plain data set that holds a sample of a wrapper, and its index there."""
    while hasattr(dataset, "locate"):
        dataset, index = dataset.locate(index)
    return dataset, index


def place_of(dataset: Any, index: int) -> str:
    """Where a sample is described: a line of the annotation file, or the image itself."""
    dataset, index = root_of(dataset, index)
    path = str(dataset.get_data_info(index).get("img_path", f"sample {index}"))
    listing = getattr(dataset, "ann_file", "")
    if listing.endswith((".txt", ".csv", ".tsv")) and is_local(listing) and os.path.isfile(listing):
        prefix = getattr(dataset, "img_prefix", "")
        name = path.removeprefix(prefix).lstrip("/")
        for number, line in enumerate(read_lines(listing), 1):
            if name in line:
                return f"{listing}:{number}"
    return path


def leaves(dataset: Any) -> list[Any]:
    """The plain data sets that a wrapper consists of."""
    if hasattr(dataset, "locate"):
        return [leaf for inner in dataset.datasets for leaf in leaves(inner)]
    return [dataset]


def source_of_samples(dataset: Any) -> str:
    """The files or folders that list the samples, as far as they are known."""
    places = [getattr(leaf, "ann_file", "") or getattr(leaf, "img_prefix", "") for leaf in leaves(dataset)]
    return ", ".join(filter(None, places)) or type(dataset).__name__


def loader_of(dataset: Any) -> Any | None:
    """The transform that reads the images of a plain data set; None if the data set reads them itself."""
    steps = getattr(getattr(dataset, "pipeline", None), "transforms", None)
    if steps is None or not hasattr(dataset, "get_data_info"):
        return None
    load = steps[0] if steps else LoadImageFromFile()
    return load if isinstance(load, LoadImageFromFile) else None


def image_paths(dataset: Any) -> Iterator[tuple[int, str]]:
    """Paths of the images of a plain data set that are local files of their own, with their indices."""
    load = loader_of(dataset)
    own_files = (
        not isinstance(dataset, EncodedDataset) and load is not None and is_local("", load.backend_args)
    )
    for index in range(len(dataset) if own_files else 0):
        info = dataset.get_data_info(index)
        paths = info.get("img_path") if "img" not in info else None
        for path in paths if isinstance(paths, (list, tuple)) else [paths] if paths else []:
            if is_local(path):
                yield index, str(path)


def missing_files(split: str, dataset: Any) -> Iterator[Problem]:
    """Find images that do not exist: the listings of their folders are compared with the index.

    That all exist is remembered until the index or one of the folders changes.
    """
    for leaf in leaves(dataset):
        memory = _memory(leaf)
        if memory is None or not _holds(memory):
            yield from _missing_files(split, leaf, memory)


def _missing_files(split: str, dataset: Any, memory: Path | None) -> Iterator[Problem]:
    by_folder: dict[str, dict[str, int]] = defaultdict(dict)
    for index, path in image_paths(dataset):
        folder, name = os.path.split(path)
        by_folder[folder].setdefault(name, index)
    with ThreadPoolExecutor(THREADS) as pool:
        listings = pool.map(_names, by_folder)
        missing = [
            (index, os.path.join(folder, name))
            for (folder, names), present in zip(by_folder.items(), listings)
            for name, index in names.items()
            if name not in present
        ]
    if missing:
        index, path = min(missing)
        total = sum(map(len, by_folder.values()))
        place = place_of(dataset, index)
        listed = f" ({place})" if place != path else ""
        yield Problem(HARD, split, f"{len(missing)} of {total} images do not exist, first {path}{listed}")
    elif memory is not None and by_folder:
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_text(json.dumps({folder: _changed(folder) for folder in by_folder}))


def _names(folder: str) -> set[str]:
    try:
        with os.scandir(folder or ".") as entries:
            return {entry.name for entry in entries if _is_file(entry)}
    except OSError:
        return set()


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads in a circle
        return False


def _memory(dataset: Any) -> Path | None:
    """The file that remembers when the folders of these images were last complete."""
    records = getattr(dataset, "_records", None)
    column = records.columns.get("img_path") if isinstance(records, RecordTable) else None
    if not isinstance(column, TextColumn):
        return None
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    name = hashlib.sha1(f"{os.getcwd()}:{column.digest()}".encode()).hexdigest()
    return Path(cache) / "mmpretrain" / "preflight" / f"{name}.json"


def _holds(memory: Path) -> bool:
    """Whether none of the folders has changed since."""
    if not memory.exists():
        return False
    return all(_changed(folder) == then for folder, then in json.loads(memory.read_text()).items())


def _changed(folder: str) -> int:
    try:
        return os.stat(folder or ".").st_mtime_ns
    except OSError:
        return -1


def unreadable_images(split: str, dataset: Any, full: bool) -> Iterator[Problem]:
    """Decode images, all of them or a sample, and find those that cannot be."""
    size = len(dataset)
    known = [] if full else list(_known_bad(dataset))
    sampled = np.linspace(0, size - 1, SAMPLE).astype(int).tolist()
    chosen = range(size) if full or size <= SMALL else sorted({*sampled, *known})

    def attempt(index: int) -> MMPretrainError | OSError | None:
        plain, inner = root_of(dataset, index)
        load = loader_of(plain)
        info = {} if load is None else plain.get_data_info(inner)
        if load is None or "img" in info or not isinstance(info.get("img_path"), str):
            return None
        try:
            if isinstance(plain, EncodedDataset):
                plain.decode(info, load)
            else:
                load(info)
        except (MMPretrainError, OSError) as error:
            return error
        return None

    with ThreadPoolExecutor(THREADS) as pool:
        found = [
            (index, error) for index, error in zip(chosen, pool.map(attempt, chosen)) if error is not None
        ]
    errors = [error for _, error in found]
    if full:
        _remember_bad(dataset, [index for index, _ in found])
    if errors:
        plain = root_of(dataset, 0)[0]
        tolerated = getattr(plain, "on_error", "raise") != "raise"
        policies = "'skip'" if getattr(plain, "test_mode", False) else "'skip' or 'replace'"
        advice = "" if tolerated else f"; --skip-bad (on_error={policies}) leaves such images out"
        of = f"{len(errors)} of {len(chosen)}" + ("" if len(chosen) == size else " sampled")
        text = f"{of} images cannot be read, first {errors[0]}{advice}"
        yield soft(split, text) if tolerated else Problem(HARD, split, text)


def _known_bad(dataset: Any) -> Iterator[int]:
    """Yield the samples that the last look at all images (``check --full``) could not read."""
    memory = None if hasattr(dataset, "locate") else _memory(dataset)
    if memory is not None and (listing := memory.with_suffix(".bad.json")).exists():
        yield from (index for index in json.loads(listing.read_text()) if index < len(dataset))


def _remember_bad(dataset: Any, bad: Sequence[int]) -> None:
    memory = None if hasattr(dataset, "locate") else _memory(dataset)
    if memory is not None:
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.with_suffix(".bad.json").write_text(json.dumps(list(bad)))


def failing_steps(split: str, dataset: Any) -> Iterator[Problem]:
    """Run a few samples through the pipeline, and find a transform that fails on them.

    Raises:
        Exception: That of a user's own transform, with a note about the step and the image.
    """
    size = len(dataset)
    with preserved_rng():
        for number, index in enumerate(np.linspace(0, size - 1, min(size, TRIED)).astype(int).tolist()):
            plain, inner = root_of(dataset, index)
            if not hasattr(plain, "prepare_data"):
                return
            seed_everything(number)
            try:
                plain.prepare_data(inner)
            except (TransformError, ConfigError) as error:
                yield Problem(HARD, split, str(error))
                return
            except (MMPretrainError, OSError):  # an unreadable file, which has its own check
                continue
            except Exception as error:
                add_note(error, f"This was tried before the start, on a sample of {split}")
                raise


def duplicates(train: Any, other: Any, split: str) -> Iterator[Problem]:
    """Find files of equal content in training and elsewhere."""
    ours, theirs = _by_size(train), _by_size(other)
    common = ours.keys() & theirs.keys()
    with ThreadPoolExecutor(THREADS) as pool:
        paths = [path for size in common for path in ours[size]]
        known = dict(zip(pool.map(_digest, paths), paths))
        paths = [path for size in common for path in theirs[size]]
        twins = [(path, known[key]) for key, path in zip(pool.map(_digest, paths), paths) if key in known]
    if twins:
        mine, trained = min(twins)
        text = f"{len(twins)} images of {split} are also in train, first {mine} = {trained}"
        yield soft(split, text)


def _by_size(dataset: Any) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for leaf in leaves(dataset):
        for _, path in image_paths(leaf):
            if os.path.isfile(path):
                found[os.path.getsize(path)].add(path)
    return found


def _digest(path: str) -> bytes:
    return hashlib.sha1(Path(path).read_bytes()).digest()
