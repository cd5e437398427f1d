"""Runs in processes of their own, several at once, one thread each."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any, TypeVar

import torch

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


def one_thread() -> None:
    """Keep this process to one core."""
    torch.set_num_threads(1)


def alone(function: Callable[..., Result], *args: Any) -> Result:
    """Call a function in a new process, and wait for its result.

    Raises:
        Exception: What the function raises; ``BrokenProcessPool`` if the process is killed.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=one_thread) as pool:
        return pool.submit(function, *args).result()


def results(
    jobs: int, function: Callable[..., Result], calls: Mapping[Key, tuple[Any, ...]]
) -> Iterator[tuple[Key, Future[Result]]]:
    """Yield the key and the finished future of each call, in the order in which they end.

    Args:
        jobs: Number of processes at once; 1 makes all calls in this process.
        function: A function of a module, as its name is sent to the process.
        calls: Key -> arguments, which are pickled.
    """
    if jobs == 1:
        one_thread()
        for key, args in calls.items():
            done: Future[Result] = Future()
            try:
                done.set_result(function(*args))
            except Exception as error:  # as in other processes: the next calls are made all the same
                done.set_exception(error)
            yield key, done
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    threads = ThreadPoolExecutor(jobs)
    try:
        futures = {threads.submit(alone, function, *args): key for key, args in calls.items()}
        for future in as_completed(futures):
            yield futures[future], future
    finally:
        threads.shutdown(cancel_futures=True)
