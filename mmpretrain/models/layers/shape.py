"""Between tokens (B, N, C), images (B, C, H, W) and pairs of numbers."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def to_2tuple(value: int | Sequence[int]) -> tuple[int, int]:
    """``7`` or ``(7,)`` gives ``(7, 7)``; a pair stays."""
    if isinstance(value, Sequence):
        if len(value) == 1:
            return (value[0], value[0])
        if len(value) != 2:
            raise ValueError(f"Expected a number or a pair, got {value!r}")
        return (value[0], value[1])
    return (value, value)


def to_image(tokens: Tensor, hw: tuple[int, int]) -> Tensor:
    """(B, H * W, C) tokens as a (B, C, H, W) image (a view)."""
    return tokens.unflatten(1, hw).permute(0, 3, 1, 2)


def to_tokens(image: Tensor) -> Tensor:
    """A (B, C, H, W) image as (B, H * W, C) tokens (a view)."""
    return image.flatten(2).transpose(1, 2)
