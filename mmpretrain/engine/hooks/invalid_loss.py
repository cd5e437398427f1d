"""Stopping when the loss is no number any more."""

from __future__ import annotations

import math
from typing import Any

import torch

from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.errors import TrainingError
from mmpretrain.registry import HOOKS


@HOOKS.register_module(name=["InvalidLossHook", "CheckInvalidLossHook"])
class InvalidLossHook(Hook):
    """Ends a run whose loss is NaN or infinite, and names the batch and the last good checkpoint.

    Args:
        interval: Iterations between checks. Each check waits for the device.
        patience: How many bad checks in a row to bear.
    """

    # Before the schedulers, the averages and the checkpoint: none of them shall see a bad step.
    priority = "HIGH"

    def __init__(self, interval: int = 1, patience: int = 0) -> None:
        self.interval = interval
        self.patience = patience
        self.bad = 0

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        """Check the loss."""
        loss = outputs.get("loss") if outputs else None
        if loss is None or (self.interval != 1 and not self.every_n_train_iters(runner, self.interval)):
            return
        if isinstance(loss, torch.Tensor):
            loss = loss.item()
        if math.isfinite(loss):
            self.bad = 0
            return
        self.bad += 1
        if self.bad <= self.patience:
            return
        files = batch_files(data_batch)
        shown = ", ".join(files[:8]) + (f" and {len(files) - 8} more" if len(files) > 8 else "")
        last = runner.state.last_checkpoint
        raise TrainingError(
            f"The loss is {loss} at iteration {runner.iter + 1} (epoch {runner.epoch + 1}, "
            f"batch {batch_idx + 1})" + (f"; its files: {shown}" if files else ""),
            hint=(
                "Lower the learning rate, add optim_wrapper.clip_grad, or look at these files. "
                + (f"The last good checkpoint is {last}." if last else "No checkpoint has been saved yet.")
            ),
        )


def batch_files(data_batch: Any) -> list[str]:
    """Return the file names of the samples of a batch, as far as the samples know them."""
    samples = data_batch.get("data_samples", ()) if isinstance(data_batch, dict) else ()
    names = (getattr(sample, "img_path", None) for sample in samples)
    return [str(name) for name in names if name is not None]
