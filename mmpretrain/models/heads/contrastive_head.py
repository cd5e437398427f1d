"""Heads that tell views of the same image from views of others."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.models.heads.base import InitCfg
from mmpretrain.models.heads.loss_head import LossHead
from mmpretrain.registry import MODELS
from mmpretrain.utils.dist import all_gather, gather_batch, get_rank


@MODELS.register_module()
class ContrastiveHead(LossHead):
    """Classifies which of several similarities is that to the same image; for SimCLR, MoCo, DenseCL.

    Args:
        loss: The loss, or its config.
        temperature: What similarities are divided by.
        init_cfg: How the weights are initialised.
    """

    def __init__(self, loss: dict | nn.Module, temperature: float = 0.1, init_cfg: InitCfg = None) -> None:
        super().__init__(loss, init_cfg)
        self.temperature = temperature

    def loss(self, pos: Tensor, neg: Tensor) -> Tensor:
        """Compute the loss of similarities to the same image (N, 1) and to others (N, K)."""
        logits = torch.cat([pos, neg], dim=1) / self.temperature
        return self.loss_module(logits, torch.zeros(len(pos), dtype=torch.long, device=pos.device))


@MODELS.register_module()
class MoCoV3Head(LossHead):
    """Predicts the momentum encoder's features, and tells them from those of other images.

    See `MoCo v3 <https://arxiv.org/abs/2104.02057>`_.

    Args:
        predictor: A neck, or its config.
        loss: The loss, or its config.
        temperature: What similarities are divided by.
    """

    def __init__(self, predictor: dict | nn.Module, loss: dict | nn.Module, temperature: float = 1.0) -> None:
        super().__init__(loss)
        self.predictor: Any = MODELS.build(predictor)
        self.temperature = temperature

    def loss(self, base_out: Tensor, momentum_out: Tensor) -> Tensor:
        """Compute the loss of features (N, C) of both encoders; other processes give more other images."""
        pred = F.normalize(self.predictor([base_out])[0], dim=1)
        target = torch.cat(all_gather(F.normalize(momentum_out, dim=1)))
        logits = pred @ target.T / self.temperature
        own = torch.arange(len(logits), device=logits.device) + len(logits) * get_rank()
        return self.loss_module(logits, own)


@MODELS.register_module()
class NNCLRHead(LossHead):
    """Predicts the neighbour of the other view, and tells it from those of other images, both ways round.

    See `NNCLR <https://arxiv.org/abs/2104.14548>`_.

    Args:
        predictor: A neck, or its config.
        loss: The loss, or its config.
        temperature: What similarities are divided by.
    """

    def __init__(self, predictor: dict | nn.Module, loss: dict | nn.Module, temperature: float = 0.1) -> None:
        super().__init__(loss)
        self.predictor: Any = MODELS.build(predictor)
        self.temperature = temperature

    def loss(self, neighbours: Tensor, feats: Tensor) -> Tensor:
        """Compute the loss of neighbours and of projections of the other view, each (B, C)."""
        pred = gather_batch(F.normalize(self.predictor([feats])[0], dim=1))
        target = torch.cat(all_gather(neighbours))
        logits = target @ pred.T / self.temperature
        own = torch.arange(len(logits), device=logits.device)
        return (self.loss_module(logits, own) + self.loss_module(logits.T, own)) / 2


@MODELS.register_module()
class SwAVHead(LossHead):
    """Passes projections to the loss, :class:`SwAVLoss`.

    Args:
        loss: The loss, or its config.
    """

    def __init__(self, loss: dict | nn.Module) -> None:
        super().__init__(loss)

    def loss(self, pred: Tensor) -> Tensor:
        """Compute the loss of the projections of all crops, (number of crops * B, C)."""
        return self.loss_module(pred)
