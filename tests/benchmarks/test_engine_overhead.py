"""What an iteration takes, on a machine that does something else now and then."""

from __future__ import annotations


def test_one_long_iteration_changes_nothing():
    from engine_overhead import ITERATIONS, Batches

    batches = Batches()
    batches.asked = [number * 1e-5 for number in range(ITERATIONS)]
    assert abs(batches.mean() - 10) < 1e-6
    batches.asked[300:] = [moment + 1.0 for moment in batches.asked[300:]]
    assert abs(batches.mean() - 10) < 1e-6
