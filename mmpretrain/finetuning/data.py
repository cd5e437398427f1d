"""Looking at labelled images, leaving out what cannot be read, and splitting them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmpretrain.datasets.bad_files import report_bad_file
from mmpretrain.datasets.fingerprints import Fingerprints, fingerprints_of
from mmpretrain.datasets.labelled import Labelled, Parts
from mmpretrain.datasets.near_duplicates import duplicate_groups
from mmpretrain.datasets.splitting import folds, kept_together, split
from mmpretrain.datasets.transforms.functional.as_is import Numbers
from mmpretrain.errors import DataError
from mmpretrain.finetuning.facts import DataFacts
from mmpretrain.finetuning.images import Reading, common_kind, foreign, measure, require_one_kind
from mmpretrain.finetuning.prints import save_prints

#: Of more images than this, only so many are looked at, and near-duplicates are not searched.
MOST, SAMPLE = 100_000, 2_000

#: So many images that cannot be read are named.
NAMED = 10

#: Goes through items with a description, and shows how far it is.
Watch = Callable[[Iterable[Any], str, int], Iterable[Any]]


@dataclass(frozen=True)
class Prepared:
    """Labelled images that can be read.

    Attributes:
        parts: The samples: ``train``, and ``val`` and ``test`` if they are set apart.
        prints: Fingerprints of a part, where its images were looked at.
        facts: Facts of the images to train on.
        bad: Names of images that cannot be read.
        notes: Sentences on what was found.
        reading: How images are read; None for pictures of 8 bits.
    """

    parts: dict[str, Labelled]
    prints: dict[str, Fingerprints]
    facts: DataFacts
    bad: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    reading: Reading | None = None


def prepare_data(parts: Parts, watch: Watch, listing: str | None = None) -> Prepared:
    """Look at all images, and leave out those that cannot be read, or not as most; each is named once.

    Args:
        parts: The samples.
        watch: Shows how far it is.
        listing: File that names the images that are left out.

    Raises:
        DataError: If no image of a part can be read, or many differ in kind from the others.
    """
    kept: dict[str, Labelled] = {}
    prints: dict[str, Fingerprints] = {}
    bad: list[str] = []
    notes: list[str] = []
    kind: Numbers | None = None
    for name, part in parts.named().items():
        chosen = _some_of(part)
        found = _look_at(chosen, watch)
        if name == "train":
            kind = common_kind(found)
        odd = foreign(found, kind)
        require_one_kind(chosen.names, odd)
        found.errors.update((index, DataError(reason)) for index, reason in odd.items())
        bad += _report(found, chosen.names, listing, len(bad))
        if len(found.errors) == len(found):
            first = next(iter(found.errors.values()), "there is none")
            raise DataError(
                f"none of the {len(found)} images of {name} can be read, the first because: {first}"
            )
        prints[name] = found
        kept[name] = part
        if chosen is part:
            good = [index for index in range(len(part)) if index not in found.errors]
            kept[name], prints[name] = part.take(good), found.take(good)
    if len(bad) > NAMED:
        notes.append(f"{len(bad) - NAMED} more images cannot be read; {listing or 'the list'} names all")
    facts = DataFacts.of(kept["train"], prints["train"])
    if len(kept["train"]) > MOST:
        notes.append(f"more than {MOST:,} images: near-duplicates were not searched")
    reading = None if kind is None else measure(_some_of(kept["train"]), kind, watch)
    if reading is not None:
        notes.append(f"the images hold {reading}; they are normalised by their own mean and deviation")
    return Prepared(kept, prints, facts, tuple(bad), notes, reading)


def _some_of(part: Labelled) -> Labelled:
    """The samples of a part that are looked at."""
    if len(part) <= MOST:
        return part
    return part.take(np.linspace(0, len(part) - 1, SAMPLE).astype(int).tolist())


def _report(found: Fingerprints, names: Sequence[str], listing: str | None, before: int) -> list[str]:
    """Name what cannot be read, of many the first only; return the names of all."""
    bad = []
    for index, error in sorted(found.errors.items()):
        report_bad_file(error, {"img_path": names[index]}, listing, quiet=before + len(bad) >= NAMED)
        bad.append(names[index])
    return bad


def _look_at(part: Labelled, watch: Watch) -> Fingerprints:
    return fingerprints_of(part.build(), lambda items: watch(items, "look at images", len(part)))


def keep_prints(data: Prepared, path: Path) -> None:
    """Write the fingerprints of all images that were looked at into a file."""
    parts = [name for name, prints in data.prints.items() if len(prints) == len(data.parts[name])]
    names = [name for part in parts for name in data.parts[part].names]
    if parts:
        save_prints(path, names, Fingerprints.join(*(data.prints[part] for part in parts)))


def _together(data: Prepared) -> tuple[np.ndarray, str]:
    train, prints = data.parts["train"], data.prints["train"]
    columns = [train.groups] if train.groups else []
    return kept_together(prints if len(prints) == len(train) else None, columns, len(train))


def with_validation(data: Prepared, share: float, seed: int) -> tuple[dict[str, Labelled], list[str]]:
    """Return the parts with one for validation, split off if it is not set apart; and what was found.

    Args:
        data: The samples.
        share: How much to split off.
        seed: Seed of the split.

    Raises:
        DataError: If there are too few images.
    """
    parts = dict(data.parts)
    if "val" in parts:
        return parts, [*data.notes, *leaks(data)]
    train = parts["train"]
    groups, sentence = _together(data)
    copies = [sentence, _contradictions(data)] if sentence else []
    held_out = split(train.labels, groups.tolist(), share, seed)
    if held_out.all() or not held_out.any():
        raise _too_few(train, groups)
    parts["train"] = train.take(np.flatnonzero(~held_out).tolist())
    parts["val"] = train.take(np.flatnonzero(held_out).tolist())
    return parts, [*data.notes, *filter(None, copies), *leaks(data)]


def _too_few(train: Labelled, groups: np.ndarray) -> DataError:
    """Say why no image can be held out."""
    count, hint = (
        len(set(groups.tolist())),
        "Add images, or say where those for validation are: --val FOLDER.",
    )
    if len(train) == len({some for several in train.labels for some in several}) > 2:
        hint = "If the labels are numbers that measure something: --task regression. Else a" + hint[1:]
        return DataError(
            f"each of the {len(train)} images has a class of its own: too few to hold some out", hint=hint
        )
    what = f"{len(train)} images" if count == len(train) else f"{len(train)} images in {count} group"
    what += "s" * (count not in (1, len(train)))
    why = ", which are copies of each other or belong together," if count < len(train) else ""
    return DataError(f"{what}{why} are too few to hold some out for validation", hint=hint)


def _contradictions(data: Prepared) -> str:
    """Say how many images have copies with another label."""
    train, prints = data.parts["train"], data.prints["train"]
    if train.task != "single" or len(prints) != len(train):
        return ""
    first: dict[int, int] = {}
    groups = duplicate_groups(prints).tolist()
    odd = [i for i, group in enumerate(groups) if train.labels[first.setdefault(group, i)] != train.labels[i]]
    if not odd:
        return ""
    one, other = odd[0], first[groups[odd[0]]]
    return (
        f"{len(odd)} images are copies or near-duplicates of images with another label; "
        f"first {train.names[one]} "
        f"({train.classes[train.labels[one][0]]!r}) and {train.names[other]} "
        f"({train.classes[train.labels[other][0]]!r})"
    )


def into_folds(data: Prepared, count: int, seed: int) -> np.ndarray:
    """Return the fold of each sample, (N,).

    Raises:
        DataError: If there are too few images, or groups of images.
    """
    groups, _ = _together(data)
    if len(set(groups.tolist())) < count:
        raise DataError(f"{len(set(groups.tolist()))} images or groups are too few for {count} folds")
    return folds(data.parts["train"].labels, groups.tolist(), count, seed)


def leaks(data: Prepared) -> list[str]:
    """Say how many images of parts that are set apart are copies of images that are trained on."""
    said = []
    train = data.prints["train"]
    for name in ("val", "test"):
        other = data.prints.get(name)
        if other is None or len(train) < len(data.parts["train"]) or len(other) < len(data.parts[name]):
            continue
        groups = duplicate_groups(Fingerprints.join(train, other))
        seen = np.isin(groups[len(train) :], groups[: len(train)])
        if seen.any():
            said.append(
                f"{int(seen.sum())} of {len(other)} images of {name} are copies or near-duplicates of images "
                f"of train, so results on {name} are too good; first {_name(data, name, seen)}"
            )
    return said


def _name(data: Prepared, part: str, seen: np.ndarray) -> str:
    return data.parts[part].names[int(np.flatnonzero(seen)[0])]
