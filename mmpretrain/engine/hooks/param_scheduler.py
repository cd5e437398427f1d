"""Stepping the schedulers of learning rate, momentum and other parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.registry import HOOKS

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class ParamSchedulerHook(Hook):
    """Steps schedulers after each iteration or epoch, and those that watch a metric after each validation."""

    priority = "LOW"

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        """Step those that count iterations."""
        for_each_scheduler(runner.param_schedulers, _step_by_iteration)

    def after_train_epoch(self, runner: Session) -> None:
        """Step those that count epochs."""
        for_each_scheduler(runner.param_schedulers, _step_by_epoch)

    def after_val_epoch(self, runner: Session, metrics: dict[str, float] | None = None) -> None:
        """Step those that watch a metric."""
        if metrics is not None and runner.is_training_built:
            for_each_scheduler(runner.param_schedulers, lambda scheduler: _judge(scheduler, metrics))


def _step_by_iteration(scheduler: Any) -> None:
    if not scheduler.by_epoch:
        scheduler.step()


def _step_by_epoch(scheduler: Any) -> None:
    if scheduler.by_epoch:
        scheduler.step()


def _judge(scheduler: Any, metrics: dict[str, float]) -> None:
    if scheduler.by_epoch and getattr(scheduler, "need_val_args", False):
        scheduler.step(metrics)


def for_each_scheduler(schedulers: Any, function: Callable[[Any], Any]) -> None:
    """Call a function with each scheduler of a run."""
    if isinstance(schedulers, dict):  # one list for each of several optimizers
        for items in schedulers.values():
            for_each_scheduler(items, function)
        return
    for scheduler in schedulers or ():
        function(scheduler)
