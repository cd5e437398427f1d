"""Classes and labels: of two splits, and of the data and the model."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np

from mmpretrain.datasets.labels import single_labels
from mmpretrain.datasets.places import place_of, root_of
from mmpretrain.datasets.preflight_problem import HARD, SHOWN, Level, Problem, soft
from mmpretrain.errors import DataError


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
    labels = single_labels(dataset)
    if labels is not None:
        return labels.astype(np.int64), np.arange(size)
    try:
        several = [dataset.get_cat_ids(index) for index in range(size)]
        owners = np.repeat(np.arange(size), [len(ids) for ids in several])
        return np.array([int(label) for ids in several for label in ids], dtype=np.int64), owners
    except (AttributeError, KeyError, ValueError, TypeError, NotImplementedError, DataError):
        return None


def label_range(split: str, dataset: Any, num_classes: int | None, source: str | None) -> Iterator[Problem]:
    """Find labels beyond the classes of the head, or of the list of class names."""
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
