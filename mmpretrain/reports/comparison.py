"""Two models or more on the same samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from mmpretrain.errors import DataError
from mmpretrain.evaluation.record import Record
from mmpretrain.evaluation.value_record import ValueRecord
from mmpretrain.reports.matching import matched
from mmpretrain.reports.statistics import holm, mcnemar_corrected, mcnemar_exact, sign_flip
from mmpretrain.reports.summary import Number, Summary, summarize
from mmpretrain.reports.value_numbers import value_numbers

#: How many samples on which models differ are shown.
SHOWN = 60


@dataclass(frozen=True)
class Pair:
    """Two models: how many samples only one of them gets right, and how likely that is by chance.

    Attributes:
        first: Name of a model.
        second: Name of the other.
        only_first: Samples that only the first gets right.
        only_second: Samples that only the second gets right.
        p: By McNemar's exact test.
        p_corrected: By chi-squared with the correction for continuity.
        p_holm: The exact one, corrected for the number of pairs.
    """

    first: str
    second: str
    only_first: int
    only_second: int
    p: float
    p_corrected: float
    p_holm: float


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


@dataclass(frozen=True)
class ValuePair:
    """Two models that predict numbers, on one of the values.

    Attributes:
        value: Its name.
        first: Name of a model.
        second: Name of the other.
        error_first: Mean absolute error of the first.
        error_second: That of the second.
        p: By a permutation test of the differences (the signs are chance).
        p_holm: That, corrected for the number of pairs.
    """

    value: str
    first: str
    second: str
    error_first: float
    error_second: float
    p: float
    p_holm: float


@dataclass(frozen=True)
class ValueComparison:
    """Models that predict numbers, on the same samples.

    Attributes:
        records: Their predictions, in the same order.
        numbers: Name of a value, then of a model, to its errors.
        pairs: Each two of them, for each value.
        differing: Samples whose errors differ most.
        left_out: How many samples not all of them have.
    """

    records: dict[str, ValueRecord]
    numbers: dict[str, dict[str, list[Number]]]
    pairs: list[ValuePair]
    differing: list[int]
    left_out: int


def compare(records: Mapping[str, Record]) -> Comparison:
    """Compare models on the samples that all of them have predicted.

    Of samples with several labels, a prediction is right if each class is: with a score of 0.5 or more if the
    sample has it, with less if not.

    Args:
        records: Name of a model to its predictions.

    Raises:
        DataError: If there are fewer than two, or they have no samples in common, or differ in the truth.
    """
    _check_several(records)
    common, left_out = matched(records)
    right = {name: record.right for name, record in common.items()}
    counts = [(a, b, *_only(right[a], right[b])) for a, b in combinations(common, 2)]
    exact = [mcnemar_exact(first, second) for _, _, first, second in counts]
    pairs = [
        Pair(*count, p, mcnemar_corrected(*count[2:]), p_holm)
        for count, p, p_holm in zip(counts, exact, holm(exact))
    ]
    table = np.stack(list(right.values()))
    differ = np.flatnonzero(table.any(0) & ~table.all(0))
    surest = np.stack([np.where(right[name], 0, record.scores.max(1)) for name, record in common.items()])
    order = differ[np.argsort(-surest.max(0)[differ], kind="stable")]
    summaries = {name: summarize(record) for name, record in common.items()}
    return Comparison(common, summaries, pairs, order[:SHOWN].tolist(), left_out)


def compare_values(records: Mapping[str, ValueRecord]) -> ValueComparison:
    """Compare models that predict numbers on the samples that all of them have predicted.

    Args:
        records: Name of a model to its predictions.

    Raises:
        DataError: See :func:`compare`.
    """
    _check_several(records)
    common, left_out = matched(records)
    errors = {name: np.nan_to_num(np.abs(record.errors), nan=np.inf) for name, record in common.items()}
    names = next(iter(common.values())).names
    found: list[tuple[str, str, str, float, float, float]] = []
    for column, value in enumerate(names):
        for a, b in combinations(common, 2):
            own, other = (errors[name][:, column].astype(float) for name in (a, b))
            both = np.isfinite(own) & np.isfinite(other)
            p = sign_flip((own - other)[both]) if both.any() else 1.0
            found.append((value, a, b, float(own.mean()), float(other.mean()), p))
    corrected = holm([row[-1] for row in found])
    numbers = {
        value: {name: value_numbers(record, column) for name, record in common.items()}
        for column, value in enumerate(names)
    }
    pairs = [ValuePair(*row, p_holm) for row, p_holm in zip(found, corrected)]
    return ValueComparison(common, numbers, pairs, _most_different(common, errors), left_out)


def _most_different(records: Mapping[str, ValueRecord], errors: Mapping[str, np.ndarray]) -> list[int]:
    deviation = next(iter(records.values())).targets.std(0)
    table = np.minimum(np.stack(list(errors.values())), 1e30) / np.where(deviation > 0, deviation, 1)
    spread = np.ptp(table, axis=0).max(1)
    order = np.argsort(-spread, kind="stable")
    return order[spread[order] > 0][:SHOWN].tolist()


def _check_several(records: Mapping[str, object]) -> None:
    if len(records) < 2:
        raise DataError(f"a comparison needs two evaluations, got {len(records)}")


def _only(first: np.ndarray, second: np.ndarray) -> tuple[int, int]:
    return int((first & ~second).sum()), int((second & ~first).sum())
