"""Looking at labelled images, leaving out what cannot be read, and splitting them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmpretrain.datasets.bad_files import report_bad_file
from mmpretrain.datasets.fingerprints import Fingerprints, fingerprints_of
from mmpretrain.datasets.labelled import Labelled, Parts
from mmpretrain.datasets.near_duplicates import duplicate_groups
from mmpretrain.datasets.splitting import folds, kept_together, split
from mmpretrain.errors import DataError
from mmpretrain.finetuning.facts import DataFacts

#: Of more images than this, only so many are looked at, and near-duplicates are not searched.
MOST, SAMPLE = 100_000, 2_000

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
    """

    parts: dict[str, Labelled]
    prints: dict[str, Fingerprints]
    facts: DataFacts
    bad: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


def prepare_data(parts: Parts, watch: Watch, listing: str | None = None) -> Prepared:
    """Look at all images, and leave out those that cannot be read; each is named once.

    Args:
        parts: The samples.
        watch: Shows how far it is.
        listing: File that names the images that are left out.

    Raises:
        DataError: If no image of a part can be read.
    """
    kept: dict[str, Labelled] = {}
    prints: dict[str, Fingerprints] = {}
    bad: list[str] = []
    notes: list[str] = []
    for name, part in parts.named().items():
        chosen = (
            part
            if len(part) <= MOST
            else part.take(np.linspace(0, len(part) - 1, SAMPLE).astype(int).tolist())
        )
        found = _look_at(chosen, watch)
        for index, error in sorted(found.errors.items()):
            report_bad_file(error, {"img_path": chosen.names[index]}, listing)
            bad.append(chosen.names[index])
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
    facts = DataFacts.of(kept["train"], prints["train"])
    if len(kept["train"]) > MOST:
        notes.append(f"more than {MOST:,} images: near-duplicates were not searched")
    return Prepared(kept, prints, facts, tuple(bad), notes)


def _look_at(part: Labelled, watch: Watch) -> Fingerprints:
    return fingerprints_of(part.build(), lambda items: watch(items, "look at images", len(part)))


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
    held_out = split(train.labels, groups.tolist(), share, seed)
    if held_out.all() or not held_out.any():
        count = len(set(groups.tolist()))
        raise DataError(
            f"{len(train)} images in {count} groups are too few to hold some out for validation",
            hint="Add images, or say where those for validation are: --val FOLDER.",
        )
    parts["train"] = train.take(np.flatnonzero(~held_out).tolist())
    parts["val"] = train.take(np.flatnonzero(held_out).tolist())
    return parts, [*data.notes, *filter(None, [sentence]), *leaks(data)]


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
