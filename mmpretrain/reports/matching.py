"""Bringing the samples of several records into one order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mmpretrain.errors import DataError
from mmpretrain.evaluation.record import Record
from mmpretrain.evaluation.value_record import ValueRecord
from mmpretrain.reports.names import AnyRecord

#: Parts of a path, from its end, by which images of moved folders are matched; more than that are not tried.
MOST_PARTS = 6


def matched(records: Mapping[str, AnyRecord]) -> tuple[dict[str, AnyRecord], int]:
    """Bring the samples that all records have into the order of the first one.

    Images are matched by path; where no path is in all records, as after a move, by the shortest end of the
    paths that tells the images of each record apart.

    Args:
        records: Name of a model to its predictions.

    Returns:
        The records, and how many samples were left out as not all have them.

    Raises:
        DataError: If they have no image in common, or differ in kind, classes or truth.
    """
    names = list(records)
    found = {name: _like(records[names[0]], records[name], (names[0], name)) for name in names}
    if not all(record.paths for record in found.values()):
        if len({len(record) for record in found.values()}) > 1:
            raise DataError("evaluations without paths can be compared only if they have as many samples")
        left_out = 0
    else:
        found, left_out = _by_path(found)
    first = found[names[0]].targets
    for name in names[1:]:
        if not np.array_equal(found[name].targets, first):
            raise DataError(f"{names[0]!r} and {name!r} have different labels for the same images")
    return found, left_out


def _like(first: AnyRecord, other: AnyRecord, names: tuple[str, str]) -> AnyRecord:
    """Return a record whose classes are in the order of those of the first."""
    both = f"{names[0]!r} and {names[1]!r}"
    if isinstance(first, ValueRecord) or isinstance(other, ValueRecord):
        if type(first) is not type(other):
            raise DataError(f"{both} cannot be compared: one predicts classes, the other one numbers")
        if first.names != other.names:  # type: ignore[union-attr]
            raise DataError(f"{both} do not predict the same values")
        return other
    if first.multi_label != other.multi_label:
        raise DataError(f"{both} cannot be compared: only one of them has several labels for an image")
    sizes = first.scores.shape[1], other.scores.shape[1]
    if sizes[0] != sizes[1]:
        raise DataError(f"{both} were not tested on the same classes: {sizes[0]} and {sizes[1]}")
    if not first.classes or not other.classes or first.classes == other.classes:
        return replace(other, classes=first.classes or other.classes)
    if set(first.classes) != set(other.classes) or len(set(first.classes)) < sizes[0]:
        only = next((name for name in other.classes if name not in first.classes), other.classes[0])
        raise DataError(f"{both} were not tested on the same classes: {only[:80]!r} is not one of the first")
    return _reordered(other, [other.classes.index(name) for name in first.classes])


def _reordered(record: Record, order: list[int]) -> Record:
    place = np.argsort(order)
    targets = record.targets[:, order] if record.multi_label else place[record.targets]
    classes = tuple(record.classes[k] for k in order)
    return replace(record, scores=record.scores[:, order], targets=targets, classes=classes)


def _by_path(records: dict[str, AnyRecord]) -> tuple[dict[str, AnyRecord], int]:
    for parts in range(MOST_PARTS + 1):
        keys = {name: _ends(record.paths, parts) for name, record in records.items()}
        if parts and any(max(Counter(some).values()) > 1 for some in keys.values()):
            continue  # several images share this ending
        places = {name: {key: place for place, key in enumerate(some)} for name, some in keys.items()}
        shared = [
            key for key in dict.fromkeys(next(iter(keys.values()))) if all(key in p for p in places.values())
        ]
        if shared:
            every = set().union(*places.values())
            taken = {name: records[name].part([places[name][key] for key in shared]) for name in records}
            return taken, len(every) - len(shared)
    raise DataError("these evaluations have no image in common")


def _ends(paths: Sequence[str], parts: int) -> Sequence[str]:
    """Return the last parts of paths; the whole paths for none."""
    if not parts:
        return paths
    return ["/".join(path.replace("\\", "/").split("/")[-parts:]) for path in paths]
