"""Ending in good order when the user or the scheduler of a cluster asks for it."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

import torch

from mmpretrain.engine.runner.state import RunState
from mmpretrain.utils.dist import all_reduce, barrier, get_world_size

if TYPE_CHECKING:
    from mmpretrain.engine.runner.runner import Runner

#: Ctrl-C, the request to end, and a terminal that is closed; where there is a SIGHUP.
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
#: With several processes, about how often they agree on whether to end, in seconds ...
AGREE_EVERY = 1.0
#: ... and at least how often, in iterations, as these may suddenly become slower.
MOST_ITERATIONS = 10
#: What comes within this time is the same request: torchrun passes on what Slurm has sent to all already.
SAME_REQUEST = 1.0


def is_ignored(number: int) -> bool:
    """Whether a signal is ignored, as ``nohup`` asks: a closed terminal then has no effect."""
    return number == getattr(signal, "SIGHUP", None) and signal.getsignal(number) == signal.SIG_IGN


class SignalGuard:
    """While entered, :data:`SIGNALS` set ``state.interrupted_by``; a second one ends the process at once.

    A SIGHUP that is ignored, as under ``nohup``, stays so.

    Args:
        state: The state of the run.
    """

    def __init__(self, state: RunState) -> None:
        self.state = state
        self._before: dict[int, Any] = {}
        self._received_at = 0.0
        self._agreed_at = time.monotonic()
        self._interval = self._left = 1

    def __enter__(self) -> SignalGuard:
        # Only the main thread may set handlers; a run in another one is ended by its owner.
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if is_ignored(number):
                    continue
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
        now = time.monotonic()
        if self.state.interrupted_by is None:
            self.state.interrupted_by, self._received_at = number, now
        elif now - self._received_at > SAME_REQUEST:
            raise SystemExit(128 + number)

    def agreed(self, ask: bool = False) -> int | None:
        """Return the signal to end for, the same on all processes and at the same call of each.

        Args:
            ask: Do not wait for the time to agree: what comes now may be slower than what came before.
        """
        if get_world_size() == 1:
            return self.state.interrupted_by
        if ask:
            self._interval = self._left = 1
        self._left -= 1
        if self._left:
            return None
        mine = [float(self.state.interrupted_by or 0), time.monotonic() - self._agreed_at]
        number, seconds = all_reduce(torch.tensor(mine, dtype=torch.float64), "max").tolist()
        # All processes must ask again after the same number of calls; the slowest decides how many.
        fitting = int(self._interval * AGREE_EVERY / max(seconds, 1e-6))
        self._interval = self._left = min(max(fitting, 1), MOST_ITERATIONS)
        self._agreed_at = time.monotonic()
        return int(number) or None


def leave(runner: Runner, guard: SignalGuard, ask: bool) -> None:
    """End a run if a signal asked for it: save where it is, say how to continue, and exit.

    Args:
        runner: The runner.
        guard: Who receives the signals.
        ask: Ask the other processes even if they were asked a moment ago.

    Raises:
        SystemExit: With 130 after Ctrl-C, 143 after SIGTERM and 129 after SIGHUP.
    """
    number = guard.agreed(ask)
    if number is None:
        return
    if runner.is_training_built:
        meta = {"epoch": runner.epoch, "iter": runner.iter}
        saved = runner.save_checkpoint(runner.work_dir, "interrupted.pth", meta=meta, by_epoch=False)
        if saved and runner.is_main:
            path = str(Path(runner.work_dir, "interrupted.pth"))
            runner.store.point_to(path)
            runner.logger.warning(
                f"Interrupted after iteration {runner.iter}; the state is saved in {path}. "
                "To continue, give the same command with --resume."
            )
        barrier()  # torchrun ends all as soon as the first has gone
    raise SystemExit(128 + number)
