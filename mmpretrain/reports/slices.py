"""Groups of samples on which a model is worse than elsewhere."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mmpretrain.reports.images import ImageFacts
from mmpretrain.reports.statistics import fisher_exact, holm

#: Smallest group that is looked at, and how many groups of one kind at most.
SMALLEST, MOST = 8, 40
#: Below which corrected p value a group counts as worse.
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Slice:
    """A group of samples.

    Attributes:
        kind: What it is grouped by, a key of the words.
        value: Which value or range it has.
        size: Number of samples.
        accuracy: Share that is right, in percent.
        elsewhere: Share of the other samples that is right, in percent.
        p: Probability of a share this low by chance, corrected for the number of groups.
    """

    kind: str
    value: str
    size: int
    accuracy: float
    elsewhere: float
    p: float

    @property
    def worse(self) -> bool:
        """Whether the difference is significant."""
        return self.p < SIGNIFICANT


def find_slices(right: np.ndarray, paths: Sequence[str], facts: Sequence[ImageFacts | None]) -> list[Slice]:
    """Compare groups by size, shape, brightness, sharpness, file type and folder with the other samples.

    Args:
        right: Whether each prediction is right, (N,).
        paths: Where each image comes from; empty if that is not known.
        facts: What was measured of each image; empty if nothing was.

    Returns:
        The groups, the least likely first.
    """
    groups: list[tuple[str, str, np.ndarray]] = []
    if facts:
        known = np.array([fact is not None for fact in facts])
        for kind, values in _measurements(facts).items():
            groups += _ranges(kind, values, known)
        groups += _values("format", [fact.format if fact else "" for fact in facts])
    if paths:
        groups += _values("folder", [os.path.basename(os.path.dirname(path)) for path in paths])
    groups = [group for group in groups if SMALLEST <= group[2].sum() < len(right)]
    counts = [
        (int(right[g].sum()), int(g.sum()), int(right[~g].sum()), int((~g).sum())) for _, _, g in groups
    ]
    corrected = holm([fisher_exact(*count) for count in counts])
    slices = [
        Slice(kind, value, total, 100 * hits / total, 100 * other / rest, p)
        for (kind, value, _), (hits, total, other, rest), p in zip(groups, counts, corrected)
    ]
    return sorted(slices, key=lambda s: (s.p, s.accuracy))


def _measurements(facts: Sequence[ImageFacts | None]) -> dict[str, np.ndarray]:
    def column(value) -> np.ndarray:
        return np.array([value(fact) if fact else np.nan for fact in facts])

    return {
        "size": column(lambda fact: math.sqrt(fact.width * fact.height)),
        "aspect": column(lambda fact: fact.width / max(fact.height, 1)),
        "brightness": column(lambda fact: fact.brightness),
        "sharpness": column(lambda fact: fact.sharpness),
    }


def _ranges(kind: str, values: np.ndarray, known: np.ndarray) -> list[tuple[str, str, np.ndarray]]:
    """Divide samples into four parts of the same size, as far as their values differ."""
    if not known.any():
        return []
    edges = np.unique(np.quantile(values[known], [0, 0.25, 0.5, 0.75, 1]))
    parts = []
    for low, high in pairwise(edges):
        top = values <= high if high == edges[-1] else values < high
        parts.append((kind, f"{low:.3g} - {high:.3g}", known & (values >= low) & top))
    return parts


def _values(kind: str, values: Sequence[str]) -> list[tuple[str, str, np.ndarray]]:
    array = np.array(values)
    names, counts = np.unique(array, return_counts=True)
    common = names[np.argsort(-counts, kind="stable")][:MOST]
    return [(kind, str(name), array == name) for name in common if name]
