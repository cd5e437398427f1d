"""Shuffling the samples differently in each epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.registry import HOOKS

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class DistSamplerSeedHook(Hook):
    """Tells the training sampler, or the one inside the batch sampler, which epoch it is."""

    priority = "NORMAL"

    def before_train_epoch(self, runner: Session) -> None:
        """Set the epoch."""
        set_sampler_epoch(runner.train_loop.dataloader, runner.epoch)


def set_sampler_epoch(loader: object, epoch: int) -> None:
    """Tell the sampler of a loader, or the one inside its batch sampler, which epoch it is."""
    batch_sampler = getattr(loader, "batch_sampler", None)
    for sampler in (getattr(loader, "sampler", None), getattr(batch_sampler, "sampler", None)):
        if hasattr(sampler, "set_epoch"):
            sampler.set_epoch(epoch)  # type: ignore[union-attr]
            return
