"""Warming up an attribute of the model."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class WarmupParamHook(Hook):
    """Lets an attribute of a module grow from 0 to its value over the first epochs.

    Args:
        param_name: The attribute, such as ``'alpha'``.
        module_name: The module, such as ``'head.loss_module'``.
        warmup_epochs: Number of epochs in which it grows.
    """

    def __init__(self, param_name: str, module_name: str, warmup_epochs: int) -> None:
        self.param_name = param_name
        self.module_name = module_name
        self.warmup_epochs = warmup_epochs

    def _module(self, runner: Session) -> Any:
        try:
            module = attrgetter(self.module_name)(unwrap(runner.model))
            getattr(module, self.param_name)
        except AttributeError as error:
            raise ConfigError(
                f"WarmupParamHook(module_name={self.module_name!r}): {error}", key="module_name"
            ) from error
        return module

    def before_train(self, runner: Session) -> None:
        self.full_value = getattr(self._module(runner), self.param_name)

    def before_train_iter(self, runner: Session, batch_idx: int, data_batch: DataBatch = None) -> None:
        length = self.warmup_epochs * runner.max_iters / runner.max_epochs
        part = min(1, runner.iter / length) if length else 1
        setattr(self._module(runner), self.param_name, self.full_value * part)
