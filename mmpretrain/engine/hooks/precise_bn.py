"""Exact statistics for batch normalisation."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS
from mmpretrain.utils.dist import all_reduce, get_world_size

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

logger = logging.getLogger("mmpretrain")


@torch.no_grad()
def update_bn_stats(model: nn.Module, loader: Any, num_samples: int = 8192) -> None:
    """Set the running statistics of BatchNorm layers to the mean of those of many batches.

    The moving average of training lags behind the weights (https://arxiv.org/abs/2105.07576, section 3).

    Args:
        model: The model, in training mode; with a ``data_preprocessor``.
        loader: Where batches come from.
        num_samples: How many samples to look at, over all processes.
    """
    model = unwrap(model)
    layers: list[Any] = [
        m for m in model.modules() if m.training and isinstance(m, _BatchNorm) and m.track_running_stats
    ]
    if not layers:
        logger.warning("PreciseBN has nothing to do: the model has no BatchNorm in training mode.")
        return
    if any(m.training and isinstance(m, (_InstanceNorm, nn.GroupNorm)) for m in model.modules()):
        logger.info("PreciseBN leaves instance and group norms alone.")
    batch_size = getattr(loader, "batch_size", None) or loader.batch_sampler.batch_size
    count = min(num_samples // (batch_size * get_world_size()), len(loader))
    if count == 0:
        logger.warning("PreciseBN has nothing to do: num_samples=%d is less than one batch.", num_samples)
        return
    means = [torch.zeros_like(bn.running_mean) for bn in layers]
    variances = [torch.zeros_like(bn.running_var) for bn in layers]
    momenta = [bn.momentum for bn in layers]
    try:
        for bn in layers:
            bn.momentum = 1.0  # the running statistics become those of the latest batch
        with getattr(loader, "second_pass", nullcontext)():
            for batch in islice(loader, count):
                model(**model.data_preprocessor(batch, False))  # type: ignore[operator]
                for bn, mean, variance in zip(layers, means, variances):
                    mean += bn.running_mean / count
                    variance += bn.running_var / count
    finally:
        for bn, momentum in zip(layers, momenta):
            bn.momentum = momentum
    for bn, mean, variance in zip(layers, means, variances):
        bn.running_mean.copy_(all_reduce(mean, "mean"))
        bn.running_var.copy_(all_reduce(variance, "mean"))


@HOOKS.register_module()
class PreciseBNHook(Hook):
    """Computes the statistics of BatchNorm layers again, see :func:`update_bn_stats`.

    Args:
        num_samples: How many samples to look at.
        interval: Number of epochs (or iterations, if the loop counts these) from one time to the next.
    """

    def __init__(self, num_samples: int = 8192, interval: int = 1) -> None:
        if interval < 1 or num_samples < 1:
            raise ConfigError(
                f"PreciseBNHook got {num_samples=} and {interval=}, which must be positive", key="num_samples"
            )
        self.num_samples = num_samples
        self.interval = interval

    def after_train_epoch(self, runner: Session) -> None:
        if runner.state.by_epoch and self.every_n_epochs(runner, self.interval):
            self._update(runner)

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        if not runner.state.by_epoch and self.every_n_train_iters(runner, self.interval):
            self._update(runner)

    def _update(self, runner: Session) -> None:
        logger.info("PreciseBN: computing statistics over %d samples.", self.num_samples)
        update_bn_stats(runner.model, runner.train_loop.dataloader, self.num_samples)
