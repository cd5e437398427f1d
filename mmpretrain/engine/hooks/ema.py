"""Averaged weights."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS, MODELS, check_arguments, resolve_type

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

logger = logging.getLogger("mmpretrain")


@HOOKS.register_module()
class EMAHook(Hook):
    """Keeps an average of the weights of a run, and evaluates it.

    In a checkpoint, ``state_dict`` has the averaged weights, so that whoever loads it for inference gets
    these, and ``ema_state_dict`` the weights that are trained.

    Args:
        ema_type: The kind of average: ``'ExponentialMovingAverage'``, ``'MomentumAnnealingEMA'``,
            ``'StochasticWeightAverage'``, ``'CosineEMA'``.
        strict_load: Fail if the averaged weights of a checkpoint do not fit the model.
        begin_iter: First iteration (from 1) that counts for the average.
        begin_epoch: First epoch (from 1) that counts for the average; not with ``begin_iter``.
        evaluate_on_ema: Evaluate the averaged weights.
        evaluate_on_origin: Evaluate the trained weights (as well: their metrics end in ``_origin``).
        **kwargs: Arguments of the average, such as ``momentum``.
    """

    priority = "NORMAL"

    def __init__(
        self,
        ema_type: str = "ExponentialMovingAverage",
        strict_load: bool = False,
        begin_iter: int = 0,
        begin_epoch: int = 0,
        evaluate_on_ema: bool = True,
        evaluate_on_origin: bool = False,
        **kwargs: Any,
    ) -> None:
        if begin_iter and begin_epoch:
            raise ConfigError(
                f"Give begin_iter or begin_epoch, not both: {begin_iter} and {begin_epoch}", key="begin_iter"
            )
        if begin_iter < 0 or begin_epoch < 0:
            raise ConfigError(
                f"EMAHook cannot begin before 0, got {min(begin_iter, begin_epoch)}", key="begin_iter"
            )
        if not evaluate_on_ema and not evaluate_on_origin:
            logger.warning("EMAHook: with evaluate_on_ema=False, the trained weights are evaluated.")
            evaluate_on_origin = True
        check_arguments(resolve_type(ema_type, MODELS), {"model": None, **kwargs})
        self.strict_load = strict_load
        self.begin_iter = begin_iter
        self.begin_epoch = begin_epoch
        self.evaluate_on_ema = evaluate_on_ema
        self.evaluate_on_origin = evaluate_on_origin
        self.ema_cfg = {"type": ema_type, **kwargs}
        self.src_model: Any = None
        self.ema_model: Any = None
        self._loaded = False
        self._swapped = False

    def before_run(self, runner: Session) -> None:
        self.src_model = unwrap(runner.model)
        self.ema_model = MODELS.build(self.ema_cfg, default_args={"model": self.src_model})
        self._loaded = False

    # -- training -----------------------------------------------------------------------------------

    def before_train(self, runner: Session) -> None:
        name, begin, last = ("begin_iter", self.begin_iter, runner.max_iters)
        if self.begin_epoch:
            name, begin, last = ("begin_epoch", self.begin_epoch, runner.max_epochs)
        if begin > last:
            raise ConfigError(f"EMAHook has {name}={begin}, but the run ends at {last}", key=name)
        if hasattr(self.ema_model, "set_max_iters"):
            self.ema_model.set_max_iters(runner.max_iters)
        if self._loaded and not runner.state.resuming:
            logger.info("Training starts from the averaged weights of the checkpoint.")
            for averaged, source in self.ema_model.paired_tensors(self.src_model):
                source.copy_(averaged)

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        if self.begin_epoch:
            started = runner.epoch + 1 >= self.begin_epoch
        else:
            started = runner.iter + 1 >= self.begin_iter
        if started:
            self.ema_model.update_parameters(self.src_model)

    def _follow_until_begin(self) -> None:
        """Before anything has been averaged, the average is the model itself."""
        if not self._loaded and int(self.ema_model.steps) == 0:
            self.ema_model.module.load_state_dict(self.src_model.state_dict())

    # -- evaluation ---------------------------------------------------------------------------------

    def before_val_epoch(self, runner: Session) -> None:
        self._swap_for_evaluation()

    def after_val_epoch(self, runner: Session, metrics: dict[str, float] | None = None) -> None:
        self._swap_for_evaluation()
        self._evaluate_origin(runner, runner.val_loop, "val")

    def before_test_epoch(self, runner: Session) -> None:
        which = "averaged" if self.evaluate_on_ema else "trained"
        logger.info("The %s weights are tested.", which)
        self._swap_for_evaluation()

    def after_test_epoch(self, runner: Session, metrics: dict[str, float] | None = None) -> None:
        self._swap_for_evaluation()
        self._evaluate_origin(runner, runner.test_loop, "test")

    def _swap_for_evaluation(self) -> None:
        if not self.evaluate_on_ema:
            return
        self._swapped = not self._swapped
        self._follow_until_begin()
        with torch.no_grad():
            for averaged, source in self.ema_model.paired_tensors(self.src_model):
                kept = averaged.clone()
                averaged.copy_(source)
                source.copy_(kept)

    def _evaluate_origin(self, runner: Session, loop: Any, mode: str) -> None:
        """Evaluate once more, now with the trained weights."""
        if not (self.evaluate_on_ema and self.evaluate_on_origin):
            return
        for name, value in loop.measure().items():
            runner.message_hub.update_scalar(f"{mode}/{name}_origin", value)

    # -- checkpoints --------------------------------------------------------------------------------

    def before_save_checkpoint(self, runner: Session, checkpoint: dict) -> None:
        if self._swapped:  # a signal ends the run in the middle of a validation
            self._swap_for_evaluation()
            checkpoint["state_dict"] = runner.strategy.model_state(runner.model)
        self._follow_until_begin()
        checkpoint["ema_state_dict"] = runner.strategy.model_state(self.ema_model)
        self._swap_in_checkpoint(checkpoint)

    def after_load_checkpoint(self, runner: Session, checkpoint: dict) -> None:
        if "ema_state_dict" not in checkpoint:
            if runner.state.resuming:
                logger.warning("The checkpoint has no averaged weights: the average starts from its weights.")
            return
        self._swap_in_checkpoint(checkpoint)
        state = runner.strategy.fit(self.ema_model, checkpoint["ema_state_dict"])
        self.ema_model.load_state_dict(
            _fitting(self.ema_model, state, self.strict_load), strict=self.strict_load
        )
        self._loaded = True

    @staticmethod
    def _swap_in_checkpoint(checkpoint: dict) -> None:
        model, average = checkpoint["state_dict"], checkpoint["ema_state_dict"]
        for key in average:
            name = key.removeprefix("module.")
            if name != key and name in model:
                average[key], model[name] = model[name], average[key]


def _fitting(model: torch.nn.Module, state: Mapping[str, Any], strict: bool) -> dict[str, Any]:
    """Leave out tensors with another shape, as the head of a model with other classes has."""
    own = model.state_dict()
    return {key: v for key, v in state.items() if strict or key not in own or own[key].shape == v.shape}
