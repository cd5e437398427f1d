"""Checking that head and data agree on the number of classes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS

if TYPE_CHECKING:
    from torch import nn

    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class ClassNumCheckHook(Hook):
    """Fails before the first step if ``num_classes`` of a module is not that of the data set."""

    def before_train(self, runner: Session) -> None:
        self._check(runner.model, runner.train_dataloader.dataset)

    def before_val(self, runner: Session) -> None:
        self._check(runner.model, runner.val_dataloader.dataset)

    def before_test(self, runner: Session) -> None:
        self._check(runner.model, runner.test_dataloader.dataset)

    @staticmethod
    def _check(model: nn.Module, dataset: object) -> None:
        name = type(dataset).__name__
        classes = getattr(dataset, "CLASSES", None) or getattr(dataset, "metainfo", {}).get("classes")
        if classes is None:
            logging.getLogger("mmpretrain").warning(
                "%s names no classes in its metainfo: num_classes of the model cannot be checked.", name
            )
            return
        if isinstance(classes, str) or not all(isinstance(item, str) for item in classes):
            raise ConfigError(
                f"The classes in the metainfo of {name} must be a sequence of names, got {classes!r}"
            )
        for path, module in model.named_modules():
            count = getattr(module, "num_classes", None)
            if count is not None and count != len(classes):
                raise ConfigError(
                    f"{type(module).__name__} ({path or 'model'}) has num_classes={count}, but {name} has "
                    f"{len(classes)} classes",
                    hint="Set num_classes to that number, or correct the data set's metainfo.",
                )
