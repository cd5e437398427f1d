"""Stopping when the loss is NaN or infinite."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.errors import TrainingError
from mmpretrain.registry import HOOKS

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

#: Most losses on a GPU that are checked together: reading one stalls the GPU.
MOST_UNSEEN = 50


class _Unseen(NamedTuple):
    """A loss, and what to say if it is invalid."""

    loss: Any
    iter: int
    epoch: int
    batch: int
    samples: Any


@HOOKS.register_module(name=["InvalidLossHook", "CheckInvalidLossHook"])
class InvalidLossHook(Hook):
    """Ends a run whose loss is NaN or infinite, and names the batch and the last good checkpoint.

    Losses on a GPU are checked in groups, some iterations later, so that the GPU does not stall; but always
    before a checkpoint is saved. Weights that are not finite are not saved either; the last step can produce
    them after a finite loss.

    Args:
        interval: Iterations between losses that count.
        patience: How many bad ones in a row to bear.
    """

    # Before the schedulers, the averages and the checkpoint, so that none of them uses a bad step.
    priority = "HIGH"

    def __init__(self, interval: int = 1, patience: int = 0) -> None:
        self.interval = interval
        self.patience = patience
        self.bad = 0
        self._unseen: list[_Unseen] = []

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        """Check the loss, or note it down."""
        loss = outputs.get("loss") if outputs else None
        if loss is None or (self.interval != 1 and not self.every_n_train_iters(runner, self.interval)):
            return
        waits = waits_for_device(loss)
        if isinstance(loss, torch.Tensor):
            loss = loss.detach() if waits else loss.item()
        if not waits and math.isfinite(loss):
            self.bad = 0
            return
        samples = data_batch.get("data_samples") if isinstance(data_batch, dict) else None
        self._unseen.append(_Unseen(loss, runner.iter, runner.epoch, batch_idx, samples))
        if not waits or len(self._unseen) >= MOST_UNSEEN:
            self._look(runner)

    def after_train_epoch(self, runner: Session) -> None:
        """Check the losses that are left."""
        self._look(runner)

    def before_save_checkpoint(self, runner: Session, checkpoint: dict) -> None:
        """Check the losses that are left, and the weights."""
        self._look(runner)
        for name, parameter in runner.bare_model.named_parameters():
            part = parameter.to_local() if hasattr(parameter, "to_local") else parameter
            if not part.isfinite().all():
                place = f"after iteration {checkpoint['meta']['iter']}"
                raise TrainingError(f"The weights {name} are not finite {place}", hint=_advice(runner))

    def _look(self, runner: Session) -> None:
        unseen, self._unseen = self._unseen, []
        values = [item.loss for item in unseen]
        if values and isinstance(values[0], torch.Tensor):
            values = torch.stack(values).tolist()  # waits for the device once
        for item, value in zip(unseen, values):
            if math.isfinite(value):
                self.bad = 0
                continue
            self.bad += 1
            if self.bad > self.patience:
                raise TrainingError(
                    f"The loss is {value} at iteration {item.iter + 1} (epoch {item.epoch + 1}, "
                    f"batch {item.batch + 1}){_named_files(item.samples)}",
                    hint=_advice(runner),
                )


def waits_for_device(loss: object) -> bool:
    """Whether reading a value waits for a device."""
    return isinstance(loss, torch.Tensor) and not loss.is_cpu


def _named_files(samples: Any) -> str:
    """Name the files of a batch, as far as its samples know them."""
    names = (getattr(sample, "img_path", None) for sample in samples or ())
    files = [str(name) for name in names if name is not None]
    shown = ", ".join(files[:8]) + (f" and {len(files) - 8} more" if len(files) > 8 else "")
    return f"; its files: {shown}" if files else ""


def _advice(runner: Session) -> str:
    # The pointer is written after a checkpoint, and the name in the state before it.
    last = runner.store.pointed() if runner.state.last_checkpoint else None
    return "Lower the learning rate, add optim_wrapper.clip_grad, or look at these files. " + (
        f"The last good checkpoint is {last}." if last else "No checkpoint has been saved yet."
    )
