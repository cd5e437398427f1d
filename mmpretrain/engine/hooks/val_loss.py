"""Losses on validation data during training: ``workflow = [('train', 1), ('val', 1)]`` of 0.x."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any

import torch

from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS
from mmpretrain.utils.dist import all_reduce_dict

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

logger = logging.getLogger("mmpretrain")


@HOOKS.register_module()
class ValLossHook(Hook):
    """Computes and logs the losses on another data set from time to time.

    Evaluators measure predictions; this is for the loss that training minimises. The model is in evaluation
    mode, and batches are not augmented.

    Args:
        dataloader: Config of the data loader; its pipeline is that of training data.
        interval: Number of epochs (or iterations, if the loop counts these) from one time to the next.
        rounds: Number of passes over the data each time (or of batches, if the loop counts iterations).
    """

    priority = "LOW"

    def __init__(self, dataloader: dict, interval: int = 1, rounds: int = 1) -> None:
        if interval < 1 or rounds < 1:
            raise ConfigError(
                f"ValLossHook got {interval=} and {rounds=}, which must be positive", key="interval"
            )
        self.dataloader: Any = dataloader
        self.interval = interval
        self.rounds = rounds

    def before_train(self, runner: Session) -> None:
        if isinstance(self.dataloader, dict):
            self.dataloader = runner.build_dataloader(self.dataloader)

    def after_train_epoch(self, runner: Session) -> None:
        if runner.state.by_epoch and self.every_n_epochs(runner, self.interval):
            self._report(runner, chain.from_iterable(repeat(self.dataloader, self.rounds)))

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        if not runner.state.by_epoch and self.every_n_train_iters(runner, self.interval):
            self._report(runner, islice(self.dataloader, self.rounds))

    def _report(self, runner: Session, batches: Iterable[Any]) -> None:
        losses = mean_losses(unwrap(runner.model), batches)
        for name, value in losses.items():
            runner.message_hub.update_scalar(f"val/{name}", value)
        text = ", ".join(f"{name}: {value:.4f}" for name, value in losses.items())
        logger.info("Epoch(val) [%d] losses: %s", runner.epoch + 1, text)


@torch.no_grad()
def mean_losses(model: Any, batches: Iterable[Any]) -> dict[str, float]:
    """Return the mean of each loss over batches, weighted by their sizes; the model's mode is restored.

    Args:
        model: A model with a ``data_preprocessor`` and a ``forward(..., mode='loss')``.
        batches: What a data loader gives.
    """
    training = model.training
    model.eval()
    sums: dict[str, torch.Tensor] = defaultdict(lambda: torch.zeros(()))
    count = torch.zeros(())
    try:
        for batch in batches:
            data = model.data_preprocessor(batch, False)
            _, values = model.parse_losses(model(**data, mode="loss"))
            size = len(data["inputs"])
            count = count + size
            for name, value in values.items():
                sums[name] = sums[name] + value.detach().cpu() * size
    finally:
        model.train(training)
    means = {name: total / count.clamp(min=1) for name, total in sums.items()}
    return {name: float(value) for name, value in all_reduce_dict(means, "mean").items()}
