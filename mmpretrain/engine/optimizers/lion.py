"""Evolved sign momentum."""

from __future__ import annotations

import torch
from torch.optim.optimizer import ParamsT

from mmpretrain.engine.optimizers.base import BaseOptimizer
from mmpretrain.errors import ConfigError
from mmpretrain.registry import OPTIMIZERS


@OPTIMIZERS.register_module()
class Lion(BaseOptimizer):
    """Moves each weight by the learning rate in the direction of its momentum (https://arxiv.org/abs/2302.06675).

    Args:
        params: Parameters, or groups of them.
        lr: Learning rate; a third to a tenth of that for AdamW.
        betas: Weight of the momentum in the direction, and decay of the momentum.
        weight_decay: Decoupled weight decay; three to ten times that for AdamW.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        if lr <= 0:
            raise ConfigError(f"Lion needs a positive lr, got {lr}", key="lr")
        if len(betas) != 2 or not all(0 <= beta <= 1 for beta in betas):
            raise ConfigError(f"Lion needs two betas between 0 and 1, got {betas}", key="betas")
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    def update(self) -> None:
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for param in group["params"]:
                if param.grad is None:
                    continue
                state = self.state[param]
                if not state:
                    state["exp_avg"] = torch.zeros_like(param)
                momentum = state["exp_avg"]
                param.mul_(1 - group["lr"] * group["weight_decay"])
                param.sub_(torch.lerp(param.grad, momentum, beta1).sign_(), alpha=group["lr"])
                momentum.lerp_(param.grad, 1 - beta2)
