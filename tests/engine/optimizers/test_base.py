"""Tests of :mod:`mmpretrain.engine.optimizers.base`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.engine.optimizers.base import BaseOptimizer


class Halve(BaseOptimizer):
    def __init__(self, params):
        super().__init__(params, {"lr": 1.0})

    def update(self):
        for group in self.param_groups:
            for param in group["params"]:
                param.mul_(0.5)


def test_the_rule_runs_without_gradients():
    weight = torch.nn.Parameter(torch.tensor([4.0]))
    optimizer = Halve([weight])
    assert optimizer.step() is None
    assert weight.item() == 2.0
    assert weight.grad_fn is None


def test_a_closure_computes_gradients():
    weight = torch.nn.Parameter(torch.tensor([4.0]))

    def closure():
        loss = (weight * 3).sum()
        loss.backward()
        return loss

    assert Halve([weight]).step(closure).item() == 12.0
    assert weight.grad.item() == 3.0


def test_a_rule_is_needed():
    with pytest.raises(NotImplementedError):
        BaseOptimizer([torch.nn.Parameter(torch.ones(1))], {}).step()
