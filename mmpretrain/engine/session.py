"""The runs of this process: which one is under way."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from mmpretrain.errors import TrainingError

if TYPE_CHECKING:
    import logging

    from mmpretrain.engine.runner.state import MessageHub, RunState


class Run(Protocol):
    """What code without a runner at hand, such as a loss, asks the run under way for."""

    state: RunState
    logger: logging.Logger

    @property
    def message_hub(self) -> MessageHub:
        """Histories and facts by name."""
        ...


#: The run that this thread is in, if any.
_entered: ContextVar[Run | None] = ContextVar("mmpretrain_run", default=None)
#: The runs that are under way in this process, in any thread.
_under_way: list[Run] = []
#: All runs that exist, also those that have not started yet or are over.
_known: weakref.WeakSet[Run] = weakref.WeakSet()


@contextmanager
def under_way(run: Run) -> Iterator[None]:
    """Make a run the current one inside; runs may be nested, as when a hook starts one."""
    _known.add(run)
    _under_way.append(run)
    token = _entered.set(run)
    try:
        yield
    finally:
        _entered.reset(token)
        _under_way.remove(run)


def current() -> Run:
    """Return the run that is under way: that of this thread, or the only one of the process.

    Between being built and being started, and after its end, the only run that exists counts as well.

    Raises:
        TrainingError: If there is no run, or if there are several and none of them belongs to this thread.
    """
    run = _entered.get()
    if run is not None:
        return run
    runs = list(_under_way) or list(_known)
    if len(runs) > 1 and not _under_way:
        gc.collect()  # a run and its loops refer to each other, so that finished ones may linger
        runs = list(_known)
    if not runs:
        raise TrainingError(
            "No run is under way in this process",
            hint="Ask for it while a Runner trains, validates or tests.",
        )
    if len(runs) > 1:
        raise TrainingError(
            f"{len(runs)} runs exist in this process, and none of them was started by this thread",
            hint="Use the runner that a hook or a loop is given, for example runner.message_hub.",
        )
    return runs[0]
