"""Intervals and tests for shares, exact where they can be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np


def wilson_interval(successes: float, total: int, level: float = 0.95) -> tuple[float, float]:
    """Return a confidence interval of a share, from 0 to 1.

    From Wilson, `Probable inference, the law of succession, and statistical inference
    <https://doi.org/10.1080/01621459.1927.10502953>`_.
    """
    if not total:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, weight = successes / total, z * z / total
    middle = (share + weight / 2) / (1 + weight)
    reach = z / (1 + weight) * math.sqrt(share * (1 - share) / total + weight / (4 * total))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def fisher_exact(right: int, total: int, right_elsewhere: int, total_elsewhere: int) -> float:
    """Return the probability of a share this low or lower if the group is like all others (one-sided p
    value).

    Args:
        right: Successes in the group.
        total: Size of the group.
        right_elsewhere: Successes outside of it.
        total_elsewhere: Size of the rest.
    """
    successes, size = right + right_elsewhere, total + total_elsewhere
    lowest = max(0, total - (size - successes))
    whole = _log_choose(size, total)
    terms = (
        _log_choose(successes, k) + _log_choose(size - successes, total - k) - whole
        for k in range(lowest, right + 1)
    )
    return min(1.0, math.fsum(map(math.exp, terms)))


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Return the probability of numbers this unequal if both models are equally good (two-sided p value).

    Args:
        only_first: Samples that only the first model gets right.
        only_second: Samples that only the second gets right.
    """
    total = only_first + only_second
    if not total:
        return 1.0
    fewer = min(only_first, only_second)
    tail = math.fsum(math.exp(_log_choose(total, k) - total * math.log(2)) for k in range(fewer + 1))
    return min(1.0, 2 * tail)


def mcnemar_corrected(only_first: int, only_second: int) -> float:
    """Return the p value of McNemar's test by chi-squared with Edwards' correction for continuity.

    See :func:`mcnemar_exact`, of which it is an approximation for large numbers.
    """
    total = only_first + only_second
    if not total:
        return 1.0
    statistic = (abs(only_first - only_second) - 1) ** 2 / total
    return math.erfc(math.sqrt(statistic / 2))


def sign_flip(differences: np.ndarray, times: int = 2000, seed: int = 0) -> float:
    """Return the probability of a mean this far from 0 if signs are chance (paired permutation test).

    Args:
        differences: Of pairs, (N,).
        times: How often signs are drawn.
        seed: Of the draws.
    """
    random = np.random.default_rng(seed)
    seen = abs(differences.sum()) * (1 - 1e-12)
    found = sum(
        abs(float(random.choice((-1.0, 1.0), len(differences)) @ differences)) >= seen for _ in range(times)
    )
    return (found + 1) / (times + 1)


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value, from 1 up, (N,); equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def mann_whitney(ranks: np.ndarray, members: np.ndarray) -> float:
    """Return the probability of ranks this high in a group if it is like all others (one-sided p value).

    The normal approximation of the U test, corrected for ties and continuity.

    Args:
        ranks: Of all values, see :func:`average_ranks`, (N,).
        members: Which are in the group, (N,) bool.
    """
    size, total = int(members.sum()), len(ranks)
    rest = total - size
    above = ranks[members].sum() - size * (size + 1) / 2 - size * rest / 2
    _, counts = np.unique(ranks, return_counts=True)
    ties = float((counts.astype(float) ** 3 - counts).sum()) / (total * (total - 1))
    spread = math.sqrt(size * rest / 12 * max(total + 1 - ties, 0.0))
    return 0.5 * math.erfc((above - 0.5) / spread / math.sqrt(2)) if spread else 1.0


def holm(values: Sequence[float]) -> list[float]:
    """Correct p values for their number, after `Holm <https://www.jstor.org/stable/4615733>`_."""
    order = sorted(range(len(values)), key=values.__getitem__)
    corrected, highest = [0.0] * len(values), 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, values[index] * (len(values) - place)))
        corrected[index] = highest
    return corrected


def _log_choose(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)
