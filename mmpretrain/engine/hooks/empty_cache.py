"""Giving GPU memory back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.registry import HOOKS

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class EmptyCacheHook(Hook):
    """Releases GPU memory that torch keeps for later, at certain points of training, validation and test.

    Args:
        before_epoch: Before each epoch.
        after_epoch: After each epoch.
        after_iter: After each iteration.
    """

    priority = "NORMAL"

    def __init__(
        self, before_epoch: bool = False, after_epoch: bool = True, after_iter: bool = False
    ) -> None:
        self._at_start = before_epoch
        self._at_end = after_epoch
        self._at_iter = after_iter

    def _before_epoch(self, runner: Session, mode: str = "train") -> None:
        _empty(self._at_start)

    def _after_epoch(self, runner: Session, mode: str = "train") -> None:
        _empty(self._at_end)

    def _after_iter(
        self,
        runner: Session,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: Any = None,
        mode: str = "train",
    ) -> None:
        _empty(self._at_iter)


def _empty(wanted: bool) -> None:
    if wanted and torch.cuda.is_available():
        torch.cuda.empty_cache()
