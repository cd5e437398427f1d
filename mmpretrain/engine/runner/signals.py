"""Ending in good order when the user or the scheduler of a cluster asks for it."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

import torch

from mmpretrain.engine.runner.state import RunState
from mmpretrain.utils.dist import all_reduce, get_world_size

#: With several processes, how often they agree on whether to end, in iterations.
AGREE_EVERY = 10


class SignalGuard:
    """While entered, SIGINT and SIGTERM set ``state.interrupted_by``; a second one ends the process at once.

    Args:
        state: The state of the run.
    """

    def __init__(self, state: RunState) -> None:
        self.state = state
        self._before: dict[int, Any] = {}

    def __enter__(self) -> SignalGuard:
        # Only the main thread may set handlers; a run in another one is ended by its owner.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.state.interrupted_by is not None:
            raise SystemExit(128 + number)
        self.state.interrupted_by = number


def agreed_signal(state: RunState) -> int | None:
    """Return the signal to end for, the same on all processes and at the same iteration."""
    if get_world_size() == 1:
        return state.interrupted_by
    if state.iter % AGREE_EVERY:
        return None
    return int(all_reduce(torch.tensor(state.interrupted_by or 0), "max")) or None
