"""Ending a training in time, with its learning rate all the way down."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.engine.hooks.param_scheduler import for_each_scheduler
from mmpretrain.engine.schedulers.shapes import CosineAnnealingParamScheduler
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS
from mmpretrain.utils.dist import broadcast_object

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

logger = logging.getLogger("mmpretrain")

#: The end is told again where it has changed by more than this share.
TOLD = 0.1


@HOOKS.register_module()
class TimeBudgetHook(Hook):
    """Plans the last epoch anew after each validation, by how long epochs took so far.

    It is never later than the config says. Cosine schedules that act at each iteration end there, too: they
    go on from the present rate. The time counts from the start of the training, or from its resumption.

    Args:
        seconds: How long to train.
    """

    priority = "LOWEST"

    def __init__(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < 1e9:
            raise ConfigError(f"seconds must be a positive number, got {seconds!r}", key="seconds")
        self.seconds = seconds
        self._start = 0.0
        self._first = self._planned = self._told = 0

    def before_train(self, runner: Session) -> None:
        """Start the clock; a run that is resumed keeps the end that its schedules have."""
        state, length = runner.state, len(runner.train_dataloader)
        if not state.by_epoch:
            raise ConfigError("TimeBudgetHook is for runs that count epochs", key="custom_hooks")
        self._start, self._first, self._planned = time.monotonic(), state.epoch, state.max_epochs
        self._told = self._planned
        ends = [schedule.end // length for schedule in _cosines(runner)]
        if ends and state.epoch and min(ends) < state.max_epochs:
            _end_at(runner, max(min(ends), 1))

    def after_val_epoch(self, runner: Session, metrics: dict[str, float] | None = None) -> None:
        """Plan the end."""
        state = runner.state
        done = state.epoch - self._first
        if not state.training or done < 1:
            return
        spent = time.monotonic() - self._start
        fitting = state.epoch + max(0, round((self.seconds - spent) * done / spent))
        end = broadcast_object(min(self._planned, fitting))  # the clocks of processes differ
        if end != state.max_epochs:
            _end_at(runner, end)
        if abs(end - self._told) > TOLD * self._told:
            self._told = end
            logger.info("An epoch takes %.3g s: the training ends after %d epochs", spent / done, end)


def _cosines(runner: Session) -> list[CosineAnnealingParamScheduler]:
    """The schedules that go down at each iteration until the end of the run."""
    found: list[CosineAnnealingParamScheduler] = []

    def note(schedule: Any) -> None:
        if isinstance(schedule, CosineAnnealingParamScheduler) and not schedule.by_epoch:
            found.append(schedule)

    for_each_scheduler(runner.param_schedulers, note)
    return found


def _end_at(runner: Session, epoch: int) -> None:
    """Let the run, and its schedules, end after an epoch."""
    state, length = runner.state, len(runner.train_dataloader)
    state.max_epochs, state.max_iters = epoch, epoch * length
    for schedule in _cosines(runner):
        if epoch * length > schedule.begin + schedule.last_step:
            schedule.T_max += epoch * length - schedule.end
            schedule.end = epoch * length
