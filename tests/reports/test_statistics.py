"""Intervals and tests against SciPy, and by hand."""

from __future__ import annotations

import pytest

from mmpretrain.reports.statistics import fisher_exact, holm, mcnemar_exact, wilson_interval

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


@pytest.mark.parametrize("counts", [(0, 10), (10, 10), (7, 9), (890, 1000)])
def test_wilson(counts):
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(*counts).proportion_ci(method="wilson")
    assert wilson_interval(*counts) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []
