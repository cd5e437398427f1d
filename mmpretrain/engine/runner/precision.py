"""The precision of a model outside of training; training has the optimizer wrapper for that."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol

import torch


class Precision(Protocol):
    """A precision for forward passes."""

    def context(self) -> AbstractContextManager:
        """Enter this around a forward pass."""
        ...


class FullPrecision:
    """The precision of the weights."""

    def context(self) -> AbstractContextManager:
        """Change nothing."""
        return nullcontext()


class Autocast:
    """Matrix products and convolutions in half precision.

    Args:
        device: Type of device.
        dtype: ``torch.float16`` or ``torch.bfloat16``.
    """

    def __init__(self, device: str, dtype: torch.dtype) -> None:
        self.device = device
        self.dtype = dtype

    def context(self) -> AbstractContextManager:
        """Compute in half precision inside."""
        return torch.autocast(self.device, dtype=self.dtype)


def build_precision(name: Literal["fp16", "bf16"] | None, device: torch.device) -> Precision:
    """Return the precision of that name; on a CPU, bf16 stands in for fp16, which is slow there."""
    if name is None:
        return FullPrecision()
    half = torch.float16 if name == "fp16" and device.type != "cpu" else torch.bfloat16
    return Autocast(device.type, half)
