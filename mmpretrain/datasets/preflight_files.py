"""Images: are they there, can they be read, are the same ones in two splits?"""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from mmpretrain.datasets.encoded import EncodedDataset
from mmpretrain.datasets.places import image_paths, leaves, loader_of, place_of, root_of
from mmpretrain.datasets.preflight_problem import HARD, Problem, soft
from mmpretrain.datasets.records import RecordTable, TextColumn
from mmpretrain.errors import ConfigError, MMPretrainError, TransformError, add_note
from mmpretrain.utils.seeding import preserved_rng, seed_everything

#: Images that are decoded where not all are.
SAMPLE = 64
#: Data sets of no more images than this are decoded whole.
SMALL = 512
THREADS = 16
#: Samples that go through the pipeline once.
TRIED = 8


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
