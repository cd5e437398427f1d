"""Do work in threads before its results are needed."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from mmpretrain.errors import DataError, MissingFileError, MMPretrainError

T = TypeVar("T")
R = TypeVar("R")


class Done(NamedTuple, Generic[T, R]):
    """An item, and what became of it.

    Args:
        number: Its number, from 0.
        item: The item.
        result: The result; None if there is an error.
        error: Why there is no result.
    """

    number: int
    item: T
    result: R | None
    error: MMPretrainError | None


def usual_workers() -> int:
    """Return how many threads decode images: as many as this process may use processors, up to eight."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, usable)


def run_ahead(
    items: Iterable[T], work: Callable[[T, int], R], workers: int, ahead: int
) -> Iterator[Done[T, R]]:
    """Yield items in their order with what ``work`` makes of them.

    Threads work on the next items meanwhile. Decoding and resizing leave the interpreter to others, so that
    threads suffice. Items are taken from ``items`` as they are needed: at most ``ahead`` are held at once.

    Args:
        items: The items; they may be endless.
        work: From an item and its number to its result.
        workers: Number of threads; with 0, the caller's does it.
        ahead: How many items to be ahead.

    Yields:
        Each item; one whose data cannot be used has an error.
    """

    def attempt(number: int, item: T) -> Done[T, R]:
        try:
            return Done(number, item, work(item, number), None)
        except (DataError, MissingFileError) as error:
            return Done(number, item, None, error)

    numbered = enumerate(items)
    if workers == 0:
        for number, item in numbered:
            yield attempt(number, item)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="prepare")
    waiting: deque[Future[Done[T, R]]] = deque()
    try:
        waiting.extend(pool.submit(attempt, *entry) for entry in islice(numbered, ahead))
        while waiting:
            done = waiting.popleft().result()
            waiting.extend(pool.submit(attempt, *entry) for entry in islice(numbered, 1))
            yield done
    finally:
        # Not to wait: a generator that was left may be collected in one of these threads.
        pool.shutdown(wait=False, cancel_futures=True)
