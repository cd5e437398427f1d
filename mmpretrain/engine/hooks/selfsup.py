"""Hooks of particular self-supervised methods."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from mmpretrain.checkpoints.serialization import load
from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS
from mmpretrain.utils.dist import all_gather_object, get_rank, get_world_size

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class DenseCLHook(Hook):
    """Turns the dense loss of DenseCL (https://arxiv.org/abs/2011.09157) on after some iterations.

    Args:
        start_iters: First iteration with the model's own ``loss_lambda``; before, it is 0.
    """

    def __init__(self, start_iters: int = 1000) -> None:
        self.start_iters = start_iters

    def before_train(self, runner: Session) -> None:
        model = unwrap(runner.model)
        if not hasattr(model, "loss_lambda"):
            raise ConfigError(f"DenseCLHook needs a model with loss_lambda, got {type(model).__name__}")
        self.loss_lambda = model.loss_lambda

    def before_train_iter(self, runner: Session, batch_idx: int, data_batch: DataBatch = None) -> None:
        started = runner.iter >= self.start_iters
        unwrap(runner.model).loss_lambda = self.loss_lambda if started else 0.0


@HOOKS.register_module()
class SimSiamHook(Hook):
    """Keeps the learning rate of the predictor of SimSiam (https://arxiv.org/abs/2011.10566) constant.

    Args:
        fix_pred_lr: Do so, for parameter groups with ``fix_lr=True``.
        lr: The learning rate.
        adjust_by_epoch: Set it at each epoch, as opposed to each iteration, too.
    """

    def __init__(self, fix_pred_lr: bool, lr: float, adjust_by_epoch: bool | None = True) -> None:
        self.fix_pred_lr = fix_pred_lr
        self.lr = lr
        self.adjust_by_epoch = adjust_by_epoch

    def before_train_epoch(self, runner: Session) -> None:
        self._fix(runner)

    def before_train_iter(self, runner: Session, batch_idx: int, data_batch: DataBatch = None) -> None:
        if not self.adjust_by_epoch:
            self._fix(runner)

    def _fix(self, runner: Session) -> None:
        if self.fix_pred_lr:
            for group in runner.optim_wrapper.optimizer.param_groups:
                if group.get("fix_lr", False):
                    group["lr"] = self.lr


@HOOKS.register_module()
class SwAVHook(Hook):
    """Runs the queue of SwAV (https://arxiv.org/abs/2006.09882), and freezes its prototypes at first.

    Args:
        batch_size: Samples of a batch on one process.
        epoch_queue_starts: First epoch (from 0) with a queue.
        crops_for_assign: The crops that are kept in the queue.
        feat_dim: Length of a feature vector.
        queue_length: Number of samples in the queue over all processes; 0 for no queue.
        interval: Accepted for old configs; the queue is part of every checkpoint.
        frozen_layers_cfg: ``{part of a parameter's name: first iteration in which it is trained}``.
    """

    def __init__(
        self,
        batch_size: int,
        epoch_queue_starts: int = 15,
        crops_for_assign: Sequence[int] = (0, 1),
        feat_dim: int = 128,
        queue_length: int = 0,
        interval: int = 1,
        frozen_layers_cfg: Mapping[str, int] | None = None,
    ) -> None:
        self.epoch_queue_starts = epoch_queue_starts
        self.crops_for_assign = crops_for_assign
        self.feat_dim = feat_dim
        # The queue holds whole batches.
        self.queue_length = queue_length - queue_length % (batch_size * get_world_size())
        self.frozen_layers_cfg = dict(frozen_layers_cfg or {})
        self.queue: torch.Tensor | None = None

    def before_run(self, runner: Session) -> None:
        self._read_old_file(Path(runner.work_dir))

    def _read_old_file(self, folder: Path) -> None:
        """Take the queue from where 1.x wrote it, next to its checkpoints."""
        path = folder / (f"queue{get_rank()}.pth" if get_world_size() > 1 else "queue.pth")
        if path.is_file():
            self.queue = load(path)["queue"]
            logging.getLogger("mmpretrain").info("SwAVHook: the queue comes from %s", path)

    def before_train_epoch(self, runner: Session) -> None:
        loss = self._loss(runner)
        if self.queue_length > 0 and runner.epoch >= self.epoch_queue_starts and self.queue is None:
            shape = (len(self.crops_for_assign), self.queue_length // get_world_size(), self.feat_dim)
            self.queue = torch.zeros(shape)
        if self.queue is not None:
            self.queue = self.queue.to(next(runner.model.parameters()).device)
        loss.queue = self.queue
        loss.use_queue = False  # the loss sets it once the queue is full

    def before_train_iter(self, runner: Session, batch_idx: int, data_batch: DataBatch = None) -> None:
        for layer, first_iter in self.frozen_layers_cfg.items():
            for name, param in unwrap(runner.model).named_parameters():
                if layer in name:
                    param.requires_grad = runner.iter >= first_iter

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        self.queue = self._loss(runner).queue

    @staticmethod
    def _loss(runner: Session) -> Any:
        return unwrap(runner.model).head.loss_module

    def state_dict(self) -> dict[str, Any]:
        """Return the queues of all processes."""
        queues = all_gather_object(None if self.queue is None else self.queue.cpu())
        return {} if queues[0] is None else {"queues": queues}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back the queue of this process; with another number of processes, queues fill again."""
        queues = state["queues"]
        self.queue = queues[get_rank()] if len(queues) == get_world_size() else None
