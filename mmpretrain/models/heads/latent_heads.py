"""Heads that make the features of two views of an image alike."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from mmpretrain.models.heads.base import InitCfg
from mmpretrain.models.heads.loss_head import LossHead
from mmpretrain.registry import MODELS
from mmpretrain.utils.dist import gather_batch, get_world_size, sum_over_processes

VICREG_LOSS = {"type": "VICRegLoss"}


@MODELS.register_module()
class LatentPredictHead(LossHead):
    """Predicts the features of one view from those of the other; for BYOL, SimSiam.

    Args:
        loss: The loss, or its config.
        predictor: A neck, or its config.
        init_cfg: How the weights are initialised.
    """

    def __init__(self, loss: dict | nn.Module, predictor: dict | nn.Module, init_cfg: InitCfg = None) -> None:
        super().__init__(loss, init_cfg)
        self.predictor: Any = MODELS.build(predictor)

    def loss(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss of features (N, C) of both views; no gradient flows to the target."""
        return self.loss_module(self.predictor([input])[0], target.detach())


@MODELS.register_module()
class LatentCrossCorrelationHead(LossHead):
    """Correlates the features of both views (`Barlow Twins <https://arxiv.org/abs/2103.03230>`_).

    Args:
        in_channels: Number of channels of the features.
        loss: The loss, or its config.
        init_cfg: How the weights are initialised.
    """

    def __init__(self, in_channels: int, loss: dict | nn.Module, init_cfg: InitCfg = None) -> None:
        super().__init__(loss, init_cfg)
        self.bn = nn.BatchNorm1d(in_channels, affine=False)

    def loss(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss of features (N, C) of both views, correlated over all processes."""
        correlation = self.bn(input).T @ self.bn(target) / (len(input) * get_world_size())
        return self.loss_module(sum_over_processes(correlation))


@MODELS.register_module()
class VICRegHead(LossHead):
    """Passes the views of all processes to the loss (`VICReg <https://arxiv.org/abs/2105.04906>`_).

    Args:
        loss: The loss, or its config.
        init_cfg: How the weights are initialised.
    """

    def __init__(self, loss: dict | nn.Module = VICREG_LOSS, init_cfg: InitCfg = None) -> None:
        super().__init__(loss, init_cfg)

    def loss(self, input: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Compute the losses of features (B, C) of both views, by name."""
        return self.loss_module(gather_batch(input), gather_batch(target))
