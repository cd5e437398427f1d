"""Heads that only compute a loss."""

from __future__ import annotations

from torch import nn

from mmpretrain.models.base import BaseModule
from mmpretrain.models.heads.base import InitCfg
from mmpretrain.registry import MODELS


class LossHead(BaseModule):
    """A head of a self-supervised method: its ``loss`` compares the tensors that the method passes.

    Args:
        loss: The loss, or its config.
        init_cfg: How the weights are initialised.
    """

    def __init__(self, loss: dict | nn.Module, init_cfg: InitCfg = None) -> None:
        super().__init__(init_cfg)
        self.loss_module: nn.Module = MODELS.build(loss)
