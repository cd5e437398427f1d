"""Exchange between groups of channels."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Deal the channels of ``x`` (B, C, H, W) out to ``groups`` (https://arxiv.org/abs/1707.01083)."""
    if x.shape[1] % groups:
        raise ValueError(f"The number of channels must be divisible by groups={groups}, got {x.shape[1]}")
    return F.channel_shuffle(x, groups)
