"""Applying something to the features of one stage, or of several."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor

Stages: TypeAlias = "Tensor | tuple[Tensor, ...] | list[Tensor]"


def per_stage(function: Callable[[Tensor], Tensor], inputs: Stages) -> Tensor | tuple[Tensor, ...]:
    """Apply a function to a tensor, or to each of several."""
    if isinstance(inputs, Tensor):
        return function(inputs)
    if isinstance(inputs, (tuple, list)):
        return tuple(function(x) for x in inputs)
    raise TypeError(f"A neck takes a tensor or a tuple of tensors, got {type(inputs).__name__}")
