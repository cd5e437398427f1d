"""Layer-wise adaptive rate scaling."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from mmpretrain.engine.optimizers.base import BaseOptimizer
from mmpretrain.errors import ConfigError
from mmpretrain.registry import OPTIMIZERS


@OPTIMIZERS.register_module()
class LARS(BaseOptimizer):
    r"""SGD with a learning rate for each tensor (https://arxiv.org/abs/1708.03888).

    .. math:: \text{lr}_w = \text{lr} \cdot \eta \, \|w\| / (\|g\| + \lambda \|w\| + \epsilon)

    A group with ``lars_exclude=True`` is treated as by plain SGD.

    Args:
        params: Parameters, or groups of them.
        lr: Learning rate.
        momentum: Momentum.
        weight_decay: Weight decay.
        dampening: Dampening of the momentum.
        eta: The trust coefficient.
        nesterov: Use Nesterov momentum.
        eps: Added to the denominator.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float,
        momentum: float = 0,
        weight_decay: float = 0,
        dampening: float = 0,
        eta: float = 0.001,
        nesterov: bool = False,
        eps: float = 1e-8,
    ) -> None:
        given = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "eta": eta}
        for name, value in given.items():
            if value < 0:
                raise ConfigError(f"LARS needs a {name} of at least 0, got {value}", key=name)
        if nesterov and (momentum == 0 or dampening != 0):
            raise ConfigError("Nesterov momentum needs a positive momentum and no dampening", key="momentum")
        self.eps = eps
        super().__init__(params, {**given, "dampening": dampening, "nesterov": nesterov})

    def update(self) -> None:
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    self._step_one(param, param.grad, group)

    def _step_one(self, param: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        update = grad.add(param, alpha=group["weight_decay"]).mul_(group["lr"])
        if not group.get("lars_exclude", False):
            update.mul_(self._trust(param, grad, group))
        momentum = group["momentum"]
        if momentum != 0:
            state = self.state[param]
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = update.clone()
            else:
                state["momentum_buffer"].mul_(momentum).add_(update, alpha=1 - group["dampening"])
            buffer = state["momentum_buffer"]
            update = update.add(buffer, alpha=momentum) if group.get("nesterov", False) else buffer
        param.sub_(update)

    def _trust(self, param: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
        # Stays on the device: comparing norms in Python would wait for the GPU at each tensor.
        weight_norm = param.norm()
        grad_norm = grad.norm()
        ratio = group["eta"] * weight_norm / (grad_norm + group["weight_decay"] * weight_norm + self.eps)
        return torch.where((weight_norm != 0) & (grad_norm != 0), ratio, torch.ones_like(ratio))
