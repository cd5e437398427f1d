"""Adaptive Nesterov momentum."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from mmpretrain.engine.optimizers.base import BaseOptimizer
from mmpretrain.engine.optimizers.lamb import global_grad_norm
from mmpretrain.errors import ConfigError
from mmpretrain.registry import OPTIMIZERS

_MOMENTS = ("exp_avg", "exp_avg_diff", "exp_avg_sq")


@OPTIMIZERS.register_module()
class Adan(BaseOptimizer):
    """Adaptive Nesterov momentum algorithm (https://arxiv.org/abs/2208.06677).

    Args:
        params: Parameters, or groups of them.
        lr: Learning rate.
        betas: Decay of the running means of gradient, change of the gradient, and squared update.
        eps: Added to the denominator.
        weight_decay: Weight decay.
        max_grad_norm: The largest norm that all gradients together may have; 0 for any.
        no_prox: Decay the weights before the step as AdamW does, rather than by a proximal step after it.
        foreach: Treat all tensors of a group at once, which is faster and takes more memory.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float, float] = (0.98, 0.92, 0.99),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        max_grad_norm: float = 0.0,
        no_prox: bool = False,
        foreach: bool = True,
    ) -> None:
        for name, value in {"lr": lr, "eps": eps, "max_grad_norm": max_grad_norm}.items():
            if value < 0:
                raise ConfigError(f"Adan needs a {name} of at least 0, got {value}", key=name)
        if len(betas) != 3 or not all(0 <= beta < 1 for beta in betas):
            raise ConfigError(f"Adan needs three betas from 0 up to but without 1, got {betas}", key="betas")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "max_grad_norm": max_grad_norm,
            "no_prox": no_prox,
            "foreach": foreach,
        }
        super().__init__(params, defaults)

    @torch.no_grad()
    def restart_opt(self) -> None:
        """Reset the moments, under the restart condition of the paper."""
        for group in self.param_groups:
            group["step"] = 0
            for param in group["params"]:
                if param.requires_grad:
                    self.state[param].update((name, torch.zeros_like(param)) for name in _MOMENTS)

    def update(self) -> None:
        for group, shrink in zip(self.param_groups, self._shrink()):
            group["step"] = group.get("step", 0) + 1
            params = [param for param in group["params"] if param.grad is not None]
            for batch in [params] if group["foreach"] else [[param] for param in params]:
                if batch:
                    self._step_batch(batch, group, shrink)

    def _shrink(self) -> list[Tensor | None]:
        limit = self.defaults["max_grad_norm"]
        if limit <= 0:
            return [None] * len(self.param_groups)
        norm = global_grad_norm(self.param_groups)
        return [(limit / (norm + group["eps"])).clamp(max=1.0) for group in self.param_groups]

    def _step_batch(self, params: list[Tensor], group: dict[str, Any], shrink: Tensor | None) -> None:
        grads = [param.grad.clone() for param in params if param.grad is not None]
        if shrink is not None:
            torch._foreach_mul_(grads, shrink)
        means, changes, squares = ([self._moment(p, name) for p in params] for name in _MOMENTS)
        for param, grad in zip(params, grads):
            # Before the first step there is no previous gradient, hence no change.
            if "pre_grad" not in self.state[param] or group["step"] == 1:
                self.state[param]["pre_grad"] = grad
        diffs = torch._foreach_sub(grads, [self.state[param]["pre_grad"] for param in params])
        beta1, beta2, beta3 = group["betas"]
        ahead = torch._foreach_add(grads, diffs, alpha=beta2)
        for moments, new, beta in ((means, grads, beta1), (changes, diffs, beta2)):
            torch._foreach_mul_(moments, beta)
            torch._foreach_add_(moments, new, alpha=1 - beta)
        torch._foreach_mul_(squares, beta3)
        torch._foreach_addcmul_(squares, ahead, ahead, value=1 - beta3)

        correction1, correction2, correction3 = (1 - beta ** group["step"] for beta in group["betas"])
        denominators = torch._foreach_sqrt(squares)
        torch._foreach_div_(denominators, math.sqrt(correction3))
        torch._foreach_add_(denominators, group["eps"])
        updates = torch._foreach_div(means, correction1)
        torch._foreach_add_(updates, changes, alpha=beta2 / correction2)
        torch._foreach_div_(updates, denominators)

        lr, decay = group["lr"], group["lr"] * group["weight_decay"]
        if group.get("no_prox", False):
            torch._foreach_mul_(params, 1 - decay)
        torch._foreach_add_(params, updates, alpha=-lr)
        if not group.get("no_prox", False):
            torch._foreach_div_(params, 1 + decay)
        for param, grad in zip(params, grads):
            self.state[param]["pre_grad"] = grad

    def _moment(self, param: Tensor, name: str) -> Tensor:
        state = self.state[param]
        if name not in state:
            state[name] = torch.zeros_like(param)
        return state[name]
