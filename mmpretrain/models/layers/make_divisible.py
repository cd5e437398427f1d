"""Channel numbers that suit the hardware."""

from __future__ import annotations


def make_divisible(value: float, divisor: int, min_value: int | None = None, min_ratio: float = 0.9) -> int:
    """Round to a multiple of ``divisor``.

    Args:
        value: Number of channels.
        divisor: What the result is a multiple of.
        min_value: Smallest result; by default ``divisor``.
        min_ratio: Round up where rounding would leave less than this part of ``value``.
    """
    rounded = max(min_value or divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < min_ratio * value else rounded
