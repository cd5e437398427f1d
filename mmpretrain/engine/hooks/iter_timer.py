"""How long iterations take, and how much of that is waiting for data."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class IterTimerHook(Hook):
    """Logs ``data_time`` and ``time`` of each iteration and the time that is left (``eta``)."""

    priority = "NORMAL"

    def __init__(self) -> None:
        self.start_iter = 0
        self.train_seconds = 0.0
        self.eval_seconds = 0.0
        self._since = perf_counter()

    def before_train(self, runner: Any) -> None:
        """Count from here, which is not the beginning when a run is resumed."""
        self.start_iter = runner.iter
        self.train_seconds = 0.0

    def _before_epoch(self, runner: Any, mode: str = "train") -> None:
        self.eval_seconds = 0.0
        self._since = perf_counter()

    def after_val(self, runner: Any) -> None:
        """Do not count a validation as waiting for training data."""
        self._since = perf_counter()

    def _before_iter(
        self, runner: Any, batch_idx: int, data_batch: DataBatch = None, mode: str = "train"
    ) -> None:
        runner.message_hub.update_scalar(f"{mode}/data_time", perf_counter() - self._since)

    def _after_iter(
        self,
        runner: Any,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: Any = None,
        mode: str = "train",
    ) -> None:
        now = perf_counter()
        seconds, self._since = now - self._since, now
        hub = runner.message_hub
        hub.update_scalar(f"{mode}/time", seconds)
        if mode == "train":
            self.train_seconds += seconds
            done = runner.iter - self.start_iter + 1
            left = runner.max_iters - runner.iter - 1
            eta = self.train_seconds / done * left
        else:
            self.eval_seconds += seconds
            size = len(runner.val_dataloader if mode == "val" else runner.test_dataloader)
            eta = self.eval_seconds / (batch_idx + 1) * (size - batch_idx - 1)
        hub.runtime_info["eta"] = eta
