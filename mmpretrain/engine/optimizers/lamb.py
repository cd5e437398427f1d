"""Layer-wise adaptive moments for large batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from mmpretrain.engine.optimizers.base import BaseOptimizer
from mmpretrain.registry import OPTIMIZERS


def global_grad_norm(groups: Iterable[dict[str, Any]]) -> Tensor:
    """Return the norm of all gradients together, on their device."""
    grads = [param.grad for group in groups for param in group["params"] if param.grad is not None]
    if not grads:
        return torch.zeros(())
    if any(grad.is_sparse for grad in grads):
        raise RuntimeError("Sparse gradients are not supported; use SparseAdam")
    return torch.stack([norm.to(grads[0].device) for norm in torch._foreach_norm(grads)]).norm()


@OPTIMIZERS.register_module()
class Lamb(BaseOptimizer):
    """Adam with a trust ratio for each tensor (https://arxiv.org/abs/1904.00962).

    As in NVIDIA's implementation, gradients are scaled down to a global norm first.

    Args:
        params: Parameters, or groups of them.
        lr: Learning rate.
        bias_correction: Correct the moments for their start at zero.
        betas: Decay of the running means of gradient and squared gradient.
        eps: Added to the denominator.
        weight_decay: Weight decay.
        grad_averaging: Weigh a new gradient with ``1 - beta1`` in its running mean, rather than with 1.
        max_grad_norm: The largest norm that all gradients together may have.
        trust_clip: Trust ratios are at most 1.
        always_adapt: Use the trust ratio for groups without weight decay, too.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        bias_correction: bool = True,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.01,
        grad_averaging: bool = True,
        max_grad_norm: float = 1.0,
        trust_clip: bool = False,
        always_adapt: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "bias_correction": bias_correction,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "grad_averaging": grad_averaging,
            "max_grad_norm": max_grad_norm,
            "trust_clip": trust_clip,
            "always_adapt": always_adapt,
        }
        super().__init__(params, defaults)

    def update(self) -> None:
        shrink = (global_grad_norm(self.param_groups) / self.defaults["max_grad_norm"]).clamp(min=1.0)
        for group in self.param_groups:
            group["step"] = group.get("step", 0) + 1
            for param in group["params"]:
                if param.grad is not None:
                    self._step_one(param, param.grad / shrink, group)

    def _step_one(self, param: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        state = self.state[param]
        if not state:
            state["exp_avg"] = torch.zeros_like(param)
            state["exp_avg_sq"] = torch.zeros_like(param)
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        beta1, beta2 = group["betas"]
        mean.mul_(beta1).add_(grad, alpha=1 - beta1 if group["grad_averaging"] else 1.0)
        square.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        correction1 = correction2 = 1.0
        if group["bias_correction"]:
            correction1 -= beta1 ** group["step"]
            correction2 -= beta2 ** group["step"]
        update = (mean / correction1).div_((square / correction2).sqrt_().add_(group["eps"]))
        decay = group["weight_decay"]
        if decay != 0:
            update.add_(param, alpha=decay)
        if decay != 0 or group["always_adapt"]:
            update.mul_(self._trust(param, update, group["trust_clip"]))
        param.add_(update, alpha=-group["lr"])

    @staticmethod
    def _trust(param: Tensor, update: Tensor, clip: bool) -> Tensor:
        weight_norm, update_norm = param.norm(), update.norm()
        known = (weight_norm > 0) & (update_norm > 0)
        ratio = torch.where(known, weight_norm / update_norm, torch.ones_like(weight_norm))
        return ratio.clamp(max=1.0) if clip else ratio
