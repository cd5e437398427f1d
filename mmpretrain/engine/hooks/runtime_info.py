"""Publishing the position of the run for models and hooks."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import mmpretrain
from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.registry import HOOKS

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class RuntimeInfoHook(Hook):
    """Keeps the message hub up to date: position, learning rates, losses and metrics."""

    priority = "VERY_HIGH"

    def before_run(self, runner: Session) -> None:
        """Store the name and config of the run."""
        runner.message_hub.update_info_dict(
            {
                "cfg": getattr(runner.cfg, "pretty_text", ""),
                "seed": runner.seed,
                "experiment_name": runner.experiment_name,
                "mmpretrain_version": mmpretrain.__version__,
            }
        )

    def before_train(self, runner: Session) -> None:
        """Store the length of the training."""
        hub = runner.message_hub
        for name in ("epoch", "iter", "max_epochs", "max_iters"):
            hub.update_info(name, getattr(runner, name))
        hub.update_info("loop_stage", "train", resumed=False)
        metainfo = getattr(runner.train_dataloader.dataset, "metainfo", None)
        if metainfo is not None:
            hub.update_info("dataset_meta", metainfo, resumed=False)

    def after_train(self, runner: Session) -> None:
        """Note that training is over."""
        runner.message_hub.pop_info("loop_stage")

    def before_train_epoch(self, runner: Session) -> None:
        """Note the epoch."""
        runner.message_hub.runtime_info["epoch"] = runner.epoch

    def before_train_iter(self, runner: Session, batch_idx: int, data_batch: DataBatch = None) -> None:
        """Note the iteration and its learning rates."""
        hub = runner.message_hub
        hub.runtime_info["iter"] = runner.iter
        for name, rates in runner.optim_wrapper.get_lr().items():
            hub.update_scalar(f"train/{name}", rates[0])

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        """Note the norm of the gradients, if they are clipped, and the losses: lines show them so in 1.x."""
        update = runner.message_hub.update_scalar
        for logged in (getattr(runner.optim_wrapper, "log_vars", None), outputs):
            if logged:
                for name, value in logged.items():
                    update(f"train/{name}", value)

    def before_val(self, runner: Session) -> None:
        """Note that a validation is running."""
        self._stage = runner.message_hub.get_info("loop_stage")
        runner.message_hub.update_info("loop_stage", "val", resumed=False)

    def after_val(self, runner: Session) -> None:
        """Note that the validation is over."""
        hub = runner.message_hub
        if self._stage is None:
            hub.pop_info("loop_stage")
        else:
            hub.update_info("loop_stage", self._stage, resumed=False)

    def after_val_epoch(self, runner: Session, metrics: dict[str, float] | None = None) -> None:
        """Note the metrics."""
        self._note(runner, "val", metrics)

    def before_test(self, runner: Session) -> None:
        """Note that a test is running."""
        runner.message_hub.update_info("loop_stage", "test", resumed=False)

    def after_test(self, runner: Session) -> None:
        """Note that the test is over."""
        runner.message_hub.pop_info("loop_stage")

    def after_test_epoch(self, runner: Session, metrics: dict[str, float] | None = None) -> None:
        """Note the metrics."""
        self._note(runner, "test", metrics)

    @staticmethod
    def _note(runner: Session, mode: str, metrics: dict[str, Any] | None) -> None:
        for name, value in (metrics or {}).items():
            if _is_scalar(value):
                runner.message_hub.update_scalar(f"{mode}/{name}", value)
            else:
                runner.message_hub.update_info(f"{mode}/{name}", value)


def _is_scalar(value: object) -> bool:
    if isinstance(value, (np.ndarray, torch.Tensor)):
        return value.size == 1 if isinstance(value, np.ndarray) else value.numel() == 1
    return isinstance(value, (numbers.Real, np.number))
