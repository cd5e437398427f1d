"""Stochastic depth, and dropout under the argument name that configs use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.registry import MODELS


def drop_path(x: Tensor, drop_prob: float = 0.0, training: bool = False) -> Tensor:
    """Zero whole samples of a residual branch and scale up the others.

    Args:
        x: A branch of shape (B, ...).
        drop_prob: Probability that a sample loses the branch.
        training: Outside training ``x`` comes back as it is.
    """
    if not training or drop_prob == 0.0:
        return x
    keep_prob = 1 - drop_prob
    if keep_prob <= 0:  # nothing is left to scale up
        return torch.zeros_like(x)
    draws = torch.rand((x.shape[0],) + (1,) * (x.ndim - 1), dtype=x.dtype, device=x.device)
    return x * (torch.floor(draws + keep_prob) / keep_prob)


@MODELS.register_module()
class DropPath(nn.Module):
    """Stochastic depth per sample (`Deep Networks with Stochastic Depth <https://arxiv.org/abs/1603.09382>`_).

    Args:
        drop_prob: Probability that a sample loses the residual branch.
    """

    def __init__(self, drop_prob: float = 0.1) -> None:
        super().__init__()
        self.drop_prob = float(drop_prob)

    def forward(self, x: Tensor) -> Tensor:
        """Drop samples of ``x`` (B, ...) in training mode."""
        return drop_path(x, self.drop_prob, self.training)

    def extra_repr(self) -> str:
        """Show the rate."""
        return f"drop_prob={self.drop_prob:.4g}"


@MODELS.register_module()
class Dropout(nn.Dropout):
    """``nn.Dropout`` whose rate is called ``drop_prob``, as for :class:`DropPath`."""

    def __init__(self, drop_prob: float = 0.5, inplace: bool = False) -> None:
        super().__init__(p=drop_prob, inplace=inplace)

    @property
    def drop_prob(self) -> float:
        """Probability that an element is zeroed."""
        return self.p


def build_dropout(cfg: Mapping[str, Any] | None, default_args: Mapping[str, Any] | None = None) -> nn.Module:
    """Build ``dict(type='DropPath' | 'Dropout', drop_prob=...)``; None gives an identity."""
    return MODELS.build(cfg, default_args=default_args) if cfg else nn.Identity()


def drop_path_rates(rate: float, depth: int) -> list[float]:
    """Stochastic-depth rates that grow linearly from 0 at the first layer to ``rate`` at the last."""
    return [rate * i / max(depth - 1, 1) for i in range(depth)]


def stage_drop_path_rates(rate: float, depths: Sequence[int]) -> list[list[float]]:
    """As :func:`drop_path_rates` over all blocks, stage by stage."""
    rates = iter(drop_path_rates(rate, sum(depths)))
    return [[next(rates) for _ in range(depth)] for depth in depths]
