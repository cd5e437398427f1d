"""Groups of samples on which a model is worse than elsewhere."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from mmpretrain.reports.images import ImageFacts
from mmpretrain.reports.names import class_name
from mmpretrain.reports.statistics import average_ranks, fisher_exact, holm, mann_whitney

#: Smallest group that is looked at, and how many groups of one kind at most.
SMALLEST, MOST = 8, 40
#: Below which corrected p value a group counts as worse.
SIGNIFICANT = 0.05


class Group(NamedTuple):
    """Samples that have something in common."""

    kind: str  #: What, a key of the words.
    value: str  #: Which value or range.
    rank: str  #: The word for the lowest and the highest range; empty for others.
    members: np.ndarray  #: (N,) bool.


@dataclass(frozen=True)
class Slice:
    """A group of samples, compared with the others.

    Attributes:
        kind: What it is grouped by, a key of the words.
        value: Which value or range it has.
        rank: ``lowest`` or ``highest`` for ranges at an end, otherwise empty.
        size: Number of samples.
        own: Share that is right, in percent; or the mean absolute error.
        elsewhere: That of the other samples.
        p: Probability of a value this bad by chance, corrected for the number of groups.
    """

    kind: str
    value: str
    rank: str
    size: int
    own: float
    elsewhere: float
    p: float

    @property
    def worse(self) -> bool:
        """Whether the difference is significant."""
        return self.p < SIGNIFICANT


def find_slices(
    right: np.ndarray,
    paths: Sequence[str],
    facts: Sequence[ImageFacts | None],
    labels: np.ndarray | None = None,
) -> list[Slice]:
    """Compare groups by size, shape, brightness, sharpness, file type and folder with the other samples.

    Args:
        right: Whether each prediction is right, (N,).
        paths: Where each image comes from; empty if that is not known.
        facts: What was measured of each image; empty if nothing was.
        labels: The class of each sample, (N,): a folder that is a class is no group.

    Returns:
        The groups, the least likely first.
    """

    def chance(members: np.ndarray) -> float:
        inside, outside = right[members], right[~members]
        return fisher_exact(int(inside.sum()), len(inside), int(outside.sum()), len(outside))

    return _compared(100.0 * right, _groups(len(right), paths, facts, labels), chance)


def find_value_slices(
    errors: np.ndarray, paths: Sequence[str], facts: Sequence[ImageFacts | None]
) -> list[Slice]:
    """Compare the errors of groups with those of the other samples (Mann-Whitney U test).

    Args:
        errors: Absolute errors, (N,).
        paths: See :func:`find_slices`.
        facts: See :func:`find_slices`.
    """
    errors = np.nan_to_num(errors, nan=np.inf)
    ranks = average_ranks(errors)
    groups = _groups(len(errors), paths, facts, None)
    return _compared(errors, groups, lambda members: mann_whitney(ranks, members))


def _compared(values: np.ndarray, groups: list[Group], chance: Callable[[np.ndarray], float]) -> list[Slice]:
    groups = [group for group in groups if SMALLEST <= group.members.sum() < len(values)]
    corrected = holm([chance(group.members) for group in groups])
    slices = [
        Slice(kind, value, rank, int(g.sum()), float(values[g].mean()), float(values[~g].mean()), p)
        for (kind, value, rank, g), p in zip(groups, corrected)
    ]
    return sorted(slices, key=lambda s: (s.p, s.own))


def _groups(
    size: int, paths: Sequence[str], facts: Sequence[ImageFacts | None], labels: np.ndarray | None
) -> list[Group]:
    groups: list[Group] = []
    if facts:
        known = np.array([fact is not None for fact in facts])
        for kind, values in _measurements(facts).items():
            groups += _ranges(kind, values, known)
        groups += _values("format", [fact.format if fact else "" for fact in facts])
    if paths:
        folders = _values("folder", [os.path.basename(os.path.dirname(path)) for path in paths])
        groups += [one for one in folders if labels is None or not _is_class(one.members, labels)]
    return groups


def _is_class(members: np.ndarray, labels: np.ndarray) -> bool:
    """Whether a group has all samples of one class, and no others."""
    return np.array_equal(members, labels == labels[members][0])


def _measurements(facts: Sequence[ImageFacts | None]) -> dict[str, np.ndarray]:
    def column(value) -> np.ndarray:
        return np.array([value(fact) if fact else np.nan for fact in facts])

    return {
        "size": column(lambda fact: math.sqrt(fact.width * fact.height)),
        "aspect": column(lambda fact: fact.width / max(fact.height, 1)),
        "brightness": column(lambda fact: fact.brightness),
        "sharpness": column(lambda fact: fact.sharpness),
    }


def _ranges(kind: str, values: np.ndarray, known: np.ndarray) -> list[Group]:
    """Divide samples into four parts of the same size, as far as their values differ."""
    if not known.any():
        return []
    edges = np.unique(np.quantile(values[known], [0, 0.25, 0.5, 0.75, 1]))
    parts = []
    for low, high in pairwise(edges):
        top = values <= high if high == edges[-1] else values < high
        rank = "lowest" if low == edges[0] else "highest" if high == edges[-1] else ""
        parts.append(Group(kind, f"{low:.3g} – {high:.3g}", rank, known & (values >= low) & top))
    return parts


def _values(kind: str, values: Sequence[str]) -> list[Group]:
    array = np.array(values)
    names, counts = np.unique(array, return_counts=True)
    common = names[np.argsort(-counts, kind="stable")][:MOST]
    return [Group(kind, class_name(str(name)), "", array == name) for name in common if name]
