"""Tests of :mod:`mmpretrain.engine.optimizers.lion`."""

from __future__ import annotations

import torch
from torch import nn

from mmpretrain.registry import OPTIMIZERS


def test_lion_is_the_published_rule():
    param = nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
    optimizer = OPTIMIZERS.build(
        {"type": "Lion", "lr": 0.1, "weight_decay": 0.5}, default_args={"params": [param]}
    )
    weight, momentum = param.detach().clone(), torch.zeros(3)
    for step in range(4):
        grad = torch.tensor([0.3, -0.2 * step, 0.1 - 0.2 * step])
        param.grad = grad.clone()
        optimizer.step()
        weight = weight - 0.1 * ((0.9 * momentum + 0.1 * grad).sign() + 0.5 * weight)
        momentum = 0.99 * momentum + 0.01 * grad
        assert torch.allclose(param, weight)
