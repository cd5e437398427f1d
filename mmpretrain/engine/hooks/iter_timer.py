"""How long iterations take, and how much of that is waiting for data."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.registry import HOOKS
from mmpretrain.utils.env import usable_cores

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

#: If the share of time spent waiting for data is at least this, the loader is the bottleneck.
LOADER_BOUND = 0.3


@HOOKS.register_module()
class IterTimerHook(Hook):
    """Logs ``data_time`` and ``time`` of each iteration and the time that is left (``eta``).

    After each epoch it says whether the data or the model keeps the run waiting.
    """

    priority = "NORMAL"

    def __init__(self) -> None:
        self.start_iter = 0
        self.train_seconds = 0.0
        self.eval_seconds = 0.0
        self._since = perf_counter()
        self._advised = False
        self._reset_epoch()

    def _reset_epoch(self) -> None:
        self._waiting = self._seconds = self._wait = 0.0
        self._counted = 0

    def before_train(self, runner: Session) -> None:
        """Start the clock here; a resumed run does not start at iteration 0."""
        self.start_iter = runner.iter
        self.train_seconds = 0.0

    def _before_epoch(self, runner: Session, mode: str = "train") -> None:
        self.eval_seconds = 0.0
        self._since = perf_counter()
        if mode == "train":
            self._reset_epoch()

    def after_val(self, runner: Session) -> None:
        """Do not count a validation as waiting for training data."""
        self._since = perf_counter()

    def _before_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, mode: str = "train"
    ) -> None:
        self._wait = perf_counter() - self._since
        runner.message_hub.update_scalar(f"{mode}/data_time", self._wait)

    def _after_iter(
        self,
        runner: Session,
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
            iteration = runner.iter
            self.train_seconds += seconds
            if self._counted or batch_idx > 0:  # the first of an epoch starts workers and tells nothing
                self._seconds += seconds
                self._waiting += self._wait
            self._counted += 1
            left = runner.max_iters - iteration - 1
            hub.runtime_info["eta"] = self.train_seconds / (iteration - self.start_iter + 1) * left
        else:
            self.eval_seconds += seconds
            size = len(runner.val_dataloader if mode == "val" else runner.test_dataloader)
            hub.runtime_info["eta"] = self.eval_seconds / (batch_idx + 1) * (size - batch_idx - 1)

    def after_train_epoch(self, runner: Session) -> None:
        """Log whether data or model was the bottleneck, and the rate of the other."""
        if self._counted < 2:
            return
        loader = runner.train_dataloader
        size = loader.batch_size or getattr(loader.batch_sampler, "batch_size", None) or 1
        samples = (self._counted - 1) * size * runner.world_size
        idle = usable_cores() // runner.world_size - getattr(loader, "num_workers", 0)
        line = describe_bottleneck(samples, self._seconds, self._waiting, idle)
        # On a terminal, which shows one line for each epoch, the advice is given once.
        runner.logger.info(line, extra={"in_progress_bar": self._advised})
        self._advised = True
        runner.message_hub.update_info("bottleneck", line, resumed=False)


def describe_bottleneck(samples: int, seconds: float, waiting: float, idle_cores: int) -> str:
    """Return which of data and model was the bottleneck, with the rates of both.

    Args:
        samples: Samples of all processes.
        seconds: Duration.
        waiting: Seconds of it that were spent waiting for data.
        idle_cores: Cores of this machine that have no data worker yet.
    """
    share = waiting / seconds
    rate = f"{samples / seconds:,.0f} img/s"
    if share >= LOADER_BOUND:
        possible = f"{samples / max(seconds - waiting, 1e-9):,.0f}"
        workers = "more num_workers, " if idle_cores > 0 else "every core has a worker: "
        advice = f"{workers}smaller images, or packed ones, see `mmpretrain pack`"
        return f"data_time {share:.0%}: loader-bound, {rate}; the model could do {possible} ({advice})"
    possible = f"{samples / max(waiting, 1e-9):,.0f}"
    return f"data_time {share:.0%}: compute-bound, {rate}; the loader could do at least {possible}"
