"""Muon for filters and matrices, SGD for the rest."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from mmpretrain.engine.optimizers.base import BaseOptimizer
from mmpretrain.errors import ConfigError
from mmpretrain.registry import OPTIMIZERS

#: Coefficients of the quintic iteration: x -> a x + b x^3 + c x^5 moves singular values towards 1 quickly, to
#: within a third.
_QUINTIC = (3.4445, -4.7750, 2.0315)


@OPTIMIZERS.register_module()
class MuonSGD(BaseOptimizer):
    """Moves matrices by their orthogonalised momentum, as Muon does, and all else by SGD with Nesterov
    momentum.

    Muon is described in https://kellerjordan.github.io/posts/muon. ``torch.optim.Muon`` takes matrices only.
    Here the filters of a convolution are a matrix (out, in * height * width), and a model needs one
    optimizer.

    A group with ``orthogonalize=False``, such as that of the last layer, is treated as by SGD:
    ``paramwise_cfg=dict(custom_keys={'head': dict(orthogonalize=False, lr_mult=7.0)})``.

    Args:
        params: Parameters, or groups of them.
        lr: Learning rate; of a matrix, about the spectral norm of a step.
        momentum: Momentum of the orthogonalised updates.
        sgd_momentum: Momentum of SGD; by default the same.
        weight_decay: Added to the gradients of SGD, as in ``torch.optim.SGD``.
        normalize_weights: Scale each matrix, after each step, to the norm of one with orthonormal rows, in
            place of weight decay.
        steps: Iterations of the orthogonalisation.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 0.02,
        momentum: float = 0.95,
        sgd_momentum: float | None = None,
        weight_decay: float = 0.0,
        normalize_weights: bool = False,
        steps: int = 5,
    ) -> None:
        given = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "steps": steps}
        for name, value in given.items():
            if value < 0:
                raise ConfigError(f"MuonSGD needs a {name} of at least 0, got {value}", key=name)
        defaults = {
            **given,
            "sgd_momentum": momentum if sgd_momentum is None else sgd_momentum,
            "normalize_weights": normalize_weights,
            "orthogonalize": True,
        }
        super().__init__(params, defaults)

    def update(self) -> None:
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is None:
                    continue
                if param.ndim > 1 and group["orthogonalize"]:
                    self._step_matrix(param, param.grad, group)
                else:
                    gradient = param.grad.add(param, alpha=group["weight_decay"])
                    update = self._momentum(param, gradient, group["sgd_momentum"])
                    param.sub_(update, alpha=group["lr"])

    def _step_matrix(self, param: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        update = self._momentum(param, gradient, group["momentum"])
        direction = orthogonalized(update.flatten(1), group["steps"]).view_as(param)
        param.sub_(direction, alpha=group["lr"])
        if group["normalize_weights"]:
            param.mul_(len(param) ** 0.5 / param.norm().clamp(min=1e-7))

    def _momentum(self, param: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        """Add the gradient to the momentum, and return the update of Nesterov."""
        state = self.state[param]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(param)
        buffer = state["momentum_buffer"].mul_(momentum).add_(gradient)
        return gradient.add(buffer, alpha=momentum)


def orthogonalized(matrix: Tensor, steps: int = 5) -> Tensor:
    """Return a matrix (R, C) with the same singular vectors and singular values near 1.

    Newton-Schulz iterations: products of matrices only, in bfloat16 on GPUs.
    """
    a, b, c = _QUINTIC
    x = matrix.bfloat16() if matrix.is_cuda else matrix.float()
    x = x / (x.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if tall else x).to(matrix.dtype)
