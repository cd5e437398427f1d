"""Two models or more on the same samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from mmpretrain.errors import DataError
from mmpretrain.evaluation.record import Record
from mmpretrain.reports.statistics import mcnemar_exact
from mmpretrain.reports.summary import Summary, right_predictions, summarize

#: How many samples on which models differ are shown.
SHOWN = 60


@dataclass(frozen=True)
class Pair:
    """Two models: how many samples only one of them gets right, and how likely that is by chance."""

    first: str
    second: str
    only_first: int
    only_second: int
    p: float


@dataclass(frozen=True)
class Comparison:
    """Models on the same samples.

    Attributes:
        records: Their predictions, in the same order.
        summaries: Their numbers.
        pairs: Each two of them.
        differing: Samples that some get right and others do not, the surest mistakes first.
        left_out: How many samples not all of them have.
    """

    records: dict[str, Record]
    summaries: dict[str, Summary]
    pairs: list[Pair]
    differing: list[int]
    left_out: int


def compare(records: Mapping[str, Record]) -> Comparison:
    """Compare models on the samples that all of them have predicted.

    Args:
        records: Name of a model to its predictions.

    Raises:
        DataError: If there are fewer than two, or they have no samples in common, or differ in the truth.
    """
    if len(records) < 2:
        raise DataError(f"a comparison needs two evaluations, got {len(records)}")
    common, left_out = _common(records)
    right = {name: right_predictions(record) for name, record in common.items()}
    pairs = [
        Pair(a, b, *(counts := _only(right[a], right[b])), mcnemar_exact(*counts))
        for a, b in combinations(common, 2)
    ]
    table = np.stack(list(right.values()))
    differ = np.flatnonzero(table.any(0) & ~table.all(0))
    surest = np.stack([np.where(right[name], 0, record.scores.max(1)) for name, record in common.items()])
    order = differ[np.argsort(-surest.max(0)[differ], kind="stable")]
    summaries = {name: summarize(record) for name, record in common.items()}
    return Comparison(common, summaries, pairs, order[:SHOWN].tolist(), left_out)


def _only(first: np.ndarray, second: np.ndarray) -> tuple[int, int]:
    return int((first & ~second).sum()), int((second & ~first).sum())


def _common(records: Mapping[str, Record]) -> tuple[dict[str, Record], int]:
    """Bring the samples that all have into the same order; also return how many samples were left out."""
    names = list(records)
    first = records[names[0]]
    for name in names[1:]:
        if records[name].scores.shape[1] != first.scores.shape[1] or records[name].classes != first.classes:
            raise DataError(f"{names[0]!r} and {name!r} were not tested on the same classes")
    if not all(record.paths for record in records.values()):
        if len({len(record) for record in records.values()}) > 1:
            raise DataError("evaluations without paths can be compared only if they have as many samples")
        kept, left_out = dict(records), 0
    else:
        places = {name: {path: i for i, path in enumerate(r.paths)} for name, r in records.items()}
        shared = [path for path in first.paths if all(path in place for place in places.values())]
        if not shared:
            raise DataError("these evaluations have no image in common")
        every = set().union(*places.values())
        left_out = len(every) - len(shared)
        kept = {name: records[name].part([places[name][path] for path in shared]) for name in names}
    for name in names[1:]:
        if not np.array_equal(kept[name].targets, kept[names[0]].targets):
            raise DataError(f"{names[0]!r} and {name!r} have different labels for the same images")
    return kept, left_out
