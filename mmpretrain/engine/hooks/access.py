"""What several hooks need to know of a runner."""

from __future__ import annotations

from typing import Any

from torch import nn

from mmpretrain.registry import LOOPS


def original_model(model: nn.Module) -> Any:
    """Return the model inside a wrapper such as DistributedDataParallel."""
    return getattr(model, "module", model)


def trains_by_epoch(runner: Any) -> bool:
    """Whether the training loop counts epochs, as opposed to iterations only."""
    iter_based = LOOPS.get("IterBasedTrainLoop")
    return iter_based is None or not isinstance(runner.train_loop, iter_based)
