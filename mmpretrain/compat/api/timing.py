"""Timers, and progress on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pool
from typing import Any, TextIO


class TimerError(Exception):
    """A timer was asked before it was started."""


class Timer:
    """Measures time in seconds.

    Args:
        start: Start at once.
        print_tmpl: What ``with Timer(print_tmpl='{:.1f} s')`` prints at its end.
    """

    def __init__(self, start: bool = True, print_tmpl: str | None = None) -> None:
        self._started: float | None = None
        self._last: float = 0.0
        self.print_tmpl = print_tmpl or "{:.3f}"
        if start:
            self.start()

    @property
    def is_running(self) -> bool:
        """Whether it was started."""
        return self._started is not None

    def start(self) -> None:
        """Start it, or start it again."""
        now = time.perf_counter()
        self._started = now if self._started is None else self._started
        self._last = now

    def since_start(self) -> float:
        """Return the seconds since the start."""
        if self._started is None:
            raise TimerError("The timer is not running: call start() first")
        self._last = time.perf_counter()
        return self._last - self._started

    def since_last_check(self) -> float:
        """Return the seconds since it was last started or asked."""
        if self._started is None:
            raise TimerError("The timer is not running: call start() first")
        before, self._last = self._last, time.perf_counter()
        return self._last - before

    def __enter__(self) -> Timer:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        print(self.print_tmpl.format(self.since_last_check()))
        self._started = None


_timers: dict[str, Timer] = {}


def check_time(timer_id: str) -> float:
    """Return the seconds since the last call with this name; 0 for the first call."""
    if timer_id not in _timers:
        _timers[timer_id] = Timer()
        return 0
    return _timers[timer_id].since_last_check()


class ProgressBar:
    """Prints how far a loop has come.

    Args:
        task_num: Number of steps; 0 if it is not known.
        bar_width: Width of the bar in letters.
        start: Start at once.
        file: Where to print.
    """

    def __init__(
        self, task_num: int = 0, bar_width: int = 50, start: bool = True, file: TextIO | None = None
    ) -> None:
        self.task_num = task_num
        self.bar_width = bar_width
        self.completed = 0
        self.file = file or sys.stdout
        if start:
            self.start()

    def start(self) -> None:
        """Print the empty bar, and begin to measure time."""
        bar = f"[{' ' * self.bar_width}] 0/{self.task_num}, " if self.task_num > 0 else "completed: 0, "
        self.file.write(f"{bar}elapsed: 0s{', ETA:' if self.task_num > 0 else ''}")
        self.file.flush()
        self.timer = Timer()

    def update(self, num_tasks: int = 1) -> None:
        """Count steps as done."""
        self.completed += num_tasks
        elapsed = self.timer.since_start()
        speed = self.completed / elapsed if elapsed > 0 else float("inf")
        text = f"elapsed: {int(elapsed + 0.5)}s"
        if self.task_num > 0:
            part = min(1.0, self.completed / self.task_num)
            done = int(self.bar_width * part)
            left = int(elapsed * (1 - part) / part + 0.5) if part else 0
            bar = ">" * done + " " * (self.bar_width - done)
            text = f"\r[{bar}] {self.completed}/{self.task_num}, {speed:.1f} task/s, {text}, ETA: {left:5}s"
        else:
            text = f"completed: {self.completed}, {text}, {speed:.1f} tasks/s"
        self.file.write(text)
        self.file.flush()


Tasks = Sequence[Any] | tuple[Iterable[Any], int]


def _count(tasks: Tasks) -> tuple[Iterable[Any], int]:
    """Return tasks and their number; an iterator comes with its length as a pair."""
    if isinstance(tasks, tuple) and len(tasks) == 2 and isinstance(tasks[0], Iterable):
        items, total = tasks
        if isinstance(total, int) and not isinstance(items, (str, bytes, int)):
            return items, total
    if not isinstance(tasks, Sized):
        raise TypeError(f"tasks must be a sequence, or a pair of iterator and length, got {tasks!r}")
    return tasks, len(tasks)


def track_iter_progress(tasks: Tasks, bar_width: int = 50, file: TextIO | None = None) -> Iterator[Any]:
    """Iterate over tasks with a progress bar."""
    items, total = _count(tasks)
    bar = ProgressBar(total, bar_width, file=file)
    for item in items:
        yield item
        bar.update()
    bar.file.write("\n")


def track_progress(
    func: Callable[..., Any], tasks: Tasks, bar_width: int = 50, file: TextIO | None = None, **kwargs: Any
) -> list[Any]:
    """Call a function for each task with a progress bar, and return the results."""
    return [func(task, **kwargs) for task in track_iter_progress(tasks, bar_width, file)]


def track_parallel_progress(
    func: Callable[[Any], Any],
    tasks: Tasks,
    nproc: int,
    initializer: Callable[..., None] | None = None,
    initargs: tuple[Any, ...] | None = None,
    bar_width: int = 50,
    chunksize: int = 1,
    skip_first: bool = False,
    keep_order: bool = True,
    file: TextIO | None = None,
) -> list[Any]:
    """Call a function for each task in several processes with a progress bar, and return the results.

    Args:
        func: The function; it must be importable.
        tasks: The tasks.
        nproc: Number of processes.
        initializer: Called first in each process.
        initargs: Its arguments.
        bar_width: Width of the bar.
        chunksize: Tasks that are sent to a process at once.
        skip_first: Begin to measure time after the first task of each process.
        keep_order: Return results in the order of the tasks, not as they come.
        file: Where to print.
    """
    items, total = _count(tasks)
    bar = ProgressBar(total - nproc * chunksize * skip_first, bar_width, start=not skip_first, file=file)
    results: list[Any] = []
    with Pool(nproc, initializer, initargs or ()) as pool:
        calls = pool.imap if keep_order else pool.imap_unordered
        for result in calls(func, items, chunksize):
            results.append(result)
            if skip_first and len(results) < nproc * chunksize:
                continue
            if skip_first and len(results) == nproc * chunksize:
                bar.start()
                continue
            bar.update()
    bar.file.write("\n")
    return results


def track_progress_rich(
    func: Callable[..., Any],
    tasks: Iterable[Any] = (),
    task_num: int | None = None,
    nproc: int = 1,
    chunksize: int = 1,
    description: str = "Processing",
    color: str = "blue",
) -> list[Any]:
    """Call a function for each task, in threads if ``nproc`` > 1, with a progress bar.

    Args:
        func: Called with each task.
        tasks: The tasks; an empty one makes ``task_num`` calls without arguments.
        task_num: Number of tasks, where ``tasks`` does not tell.
        nproc: Number of threads.
        chunksize: Accepted for compatibility.
        description: Text before the bar.
        color: Accepted for compatibility.
    """
    from mmpretrain.utils.progress import track

    items = list(tasks)
    if not items and task_num:
        return [func() for _ in track(range(task_num), description)]
    if nproc <= 1:
        return [func(item) for item in track(items, description)]
    with ThreadPoolExecutor(nproc) as pool:
        return list(track(pool.map(func, items), description, total=len(items)))
