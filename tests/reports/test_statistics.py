"""Intervals and tests against SciPy, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.reports.statistics import (
    average_ranks,
    fisher_exact,
    holm,
    mann_whitney,
    mcnemar_corrected,
    mcnemar_exact,
    sign_flip,
    wilson_interval,
)

COUNTS = [(3, 10, 80, 100), (0, 8, 50, 90), (5, 5, 3, 9), (700, 1000, 41000, 50000)]


@pytest.mark.parametrize("counts", COUNTS)
def test_fisher(counts):
    stats = pytest.importorskip("scipy.stats")
    right, total, right_elsewhere, total_elsewhere = counts
    table = [[right, total - right], [right_elsewhere, total_elsewhere - right_elsewhere]]
    expected = stats.fisher_exact(table, "less").pvalue
    assert fisher_exact(*counts) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("counts", [(0, 0), (3, 9), (9, 3), (7, 7), (400, 520)])
def test_mcnemar(counts):
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(counts[0], sum(counts)).pvalue if sum(counts) else 1.0
    assert mcnemar_exact(*counts) == pytest.approx(expected, rel=1e-6)


def test_mcnemar_on_random_counts():
    """Both forms, by the formulas that statsmodels has: the binomial, and chi-squared with one taken off."""
    stats = pytest.importorskip("scipy.stats")
    for first, second in np.random.RandomState(0).randint(0, 300, (50, 2)).tolist():
        exact = min(1.0, 2 * stats.binom.cdf(min(first, second), first + second, 0.5))
        assert mcnemar_exact(first, second) == pytest.approx(exact, rel=1e-6)
        statistic = (abs(first - second) - 1) ** 2 / (first + second)
        assert mcnemar_corrected(first, second) == pytest.approx(stats.chi2.sf(statistic, 1), rel=1e-6)
    assert mcnemar_corrected(0, 0) == 1


def test_mann_whitney():
    stats = pytest.importorskip("scipy.stats")
    random = np.random.RandomState(0)
    for size, levels in [(60, 1000), (40, 4), (300, 7)]:
        values = random.randint(0, levels, size).astype(float)
        members = random.rand(size) < 0.3
        expected = stats.mannwhitneyu(
            values[members], values[~members], alternative="greater", method="asymptotic"
        )
        ranks = average_ranks(values)
        assert ranks == pytest.approx(stats.rankdata(values))
        assert mann_whitney(ranks, members) == pytest.approx(expected.pvalue, rel=1e-9)
    assert mann_whitney(np.full(20, 10.5), np.arange(20) < 8) == 1, "all values are equal"


def test_sign_flip():
    random = np.random.RandomState(0)
    assert sign_flip(np.zeros(30)) == 1
    assert sign_flip(np.ones(30)) < 0.001
    assert 0.05 < np.mean([sign_flip(random.randn(40), 200) for _ in range(30)]) < 0.95


@pytest.mark.parametrize("counts", [(0, 10), (10, 10), (7, 9), (890, 1000)])
def test_wilson(counts):
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(*counts).proportion_ci(method="wilson")
    assert wilson_interval(*counts) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []
