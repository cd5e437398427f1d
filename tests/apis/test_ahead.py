"""Work that is done ahead of whoever waits for it."""

from __future__ import annotations

import itertools
import threading

import pytest

from mmpretrain.apis.ahead import run_ahead, usual_workers
from mmpretrain.errors import DataError


@pytest.mark.parametrize("workers", [0, 1, 4])
def test_results_come_in_order(workers):
    release = threading.Event()

    def work(item: str, number: int) -> str:
        if workers > 1 and number == 0:
            release.wait(10)  # the first is the last to end
        if number == 3:
            release.set()
        return item.upper()

    done = list(run_ahead("abcdefgh", work, workers, ahead=6))
    assert [one.result for one in done] == list("ABCDEFGH")
    assert [one.number for one in done] == list(range(8))


@pytest.mark.parametrize("workers", [0, 3])
def test_an_error_takes_the_place_of_a_result(workers):
    def work(item: int, number: int) -> float:
        if item == 2:
            raise DataError("this is no image")
        return item / 2

    done = list(run_ahead(range(5), work, workers, ahead=2))
    assert [one.result for one in done] == [0, 0.5, None, 1.5, 2]
    assert str(done[2].error) == "this is no image"


@pytest.mark.parametrize("workers", [0, 2])
def test_a_mistake_in_the_code_is_raised(workers):
    with pytest.raises(ZeroDivisionError):
        list(run_ahead([1, 0], lambda item, _: 1 // item, workers, ahead=2))


def test_endless_items_are_taken_as_they_are_needed():
    taken = []
    source = (taken.append(number) or number for number in itertools.count())
    results = run_ahead(source, lambda item, _: item, 2, ahead=5)
    assert [next(results).result for _ in range(10)] == list(range(10))
    assert len(taken) <= 15
    results.close()
    assert len(taken) <= 15


def test_there_is_a_worker():
    assert 1 <= usual_workers() <= 8
