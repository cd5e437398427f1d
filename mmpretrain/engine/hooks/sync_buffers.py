"""Equal buffers on all processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.registry import HOOKS
from mmpretrain.utils.dist import all_reduce_params

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class SyncBuffersHook(Hook):
    """Sets the buffers of the model, such as BatchNorm's statistics, to their mean over all processes."""

    priority = "NORMAL"

    def __init__(self) -> None:
        self._in_sync = False

    def before_val_epoch(self, runner: Session) -> None:
        if not self._in_sync:
            all_reduce_params(runner.model.buffers(), op="mean")
        self._in_sync = False

    def after_train_epoch(self, runner: Session) -> None:
        all_reduce_params(runner.model.buffers(), op="mean")
        self._in_sync = True
