"""Numbers and order of channels."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def make_divisible(value: float, divisor: int, min_value: int | None = None, min_ratio: float = 0.9) -> int:
    """Round a number of channels to a multiple of ``divisor``, which suits the hardware.

    Args:
        value: Number of channels.
        divisor: What the result is a multiple of.
        min_value: Smallest result; by default ``divisor``.
        min_ratio: Round up where rounding would leave less than this part of ``value``.
    """
    rounded = max(min_value or divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < min_ratio * value else rounded


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Deal the channels of ``x`` (B, C, H, W) out to ``groups`` (https://arxiv.org/abs/1707.01083)."""
    return F.channel_shuffle(x, groups)
