"""Equal buffers on all processes."""

from __future__ import annotations

from typing import Any

from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.registry import HOOKS
from mmpretrain.utils.dist import all_reduce_params


@HOOKS.register_module()
class SyncBuffersHook(Hook):
    """Sets the buffers of the model, such as BatchNorm's statistics, to their mean over all processes."""

    priority = "NORMAL"

    def __init__(self) -> None:
        self._in_sync = False

    def before_val_epoch(self, runner: Any) -> None:
        if not self._in_sync:
            all_reduce_params(runner.model.buffers(), op="mean")
        self._in_sync = False

    def after_train_epoch(self, runner: Any) -> None:
        all_reduce_params(runner.model.buffers(), op="mean")
        self._in_sync = True
