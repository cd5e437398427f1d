"""Whether the data or the model keeps a run waiting."""

from __future__ import annotations

from typing import Any

from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.registry import HOOKS

#: From this share of waiting for data on, the loader is what to improve.
LOADER_BOUND = 0.3


@HOOKS.register_module()
class BottleneckHook(Hook):
    """Says after each epoch what the time went into, and how fast the other side could be."""

    # After the timer, whose numbers it adds up.
    priority = "BELOW_NORMAL"

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self.seconds = self.waiting = 0.0
        self.samples = 0

    def before_train_epoch(self, runner: Any) -> None:
        """Start anew."""
        self._reset()

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        """Add an iteration; the first of an epoch starts workers and tells nothing."""
        scalars = runner.message_hub.log_scalars
        if batch_idx > 0 and "train/time" in scalars:
            self.seconds += scalars["train/time"].current()
            self.waiting += scalars["train/data_time"].current()
            self.samples += batch_size(data_batch) * runner.world_size

    def after_train_epoch(self, runner: Any) -> None:
        """Write the line."""
        if self.seconds > 0 and self.samples:
            line = describe(self.samples, self.seconds, self.waiting)
            runner.logger.info(line, extra={"in_progress_bar": True})
            runner.message_hub.update_info("bottleneck", line, resumed=False)


def describe(samples: int, seconds: float, waiting: float) -> str:
    """Return the line.

    Args:
        samples: Samples of all processes.
        seconds: Duration.
        waiting: Seconds of it that were spent waiting for data.
    """
    share = waiting / seconds
    rate = f"{samples / seconds:,.0f} img/s"
    if share >= LOADER_BOUND:
        possible = f"{samples / max(seconds - waiting, 1e-9):,.0f}"
        text = f"data_time {share:.0%}: loader-bound, {rate}; the model could do {possible}"
        return text + " (more num_workers, smaller or cached images)"
    possible = f"{samples / max(waiting, 1e-9):,.0f}"
    return f"data_time {share:.0%}: compute-bound, {rate}; the loader could do at least {possible}"


def batch_size(data_batch: Any) -> int:
    """Number of samples in a batch."""
    inputs = data_batch.get("inputs") if isinstance(data_batch, dict) else data_batch
    while isinstance(inputs, (list, tuple)) and inputs and isinstance(inputs[0], (list, tuple)):
        inputs = inputs[0]  # several views of each sample
    return len(inputs) if hasattr(inputs, "__len__") else 0  # type: ignore[arg-type]
