"""Preparing batches of the data loader for a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.registry import MODELS


@MODELS.register_module()
class BaseDataPreprocessor(nn.Module):
    """Moves a batch to the device that the model is on.

    Args:
        non_blocking: Let the copy to the device run alongside.
    """

    _anchor: Tensor

    def __init__(self, non_blocking: bool | None = False) -> None:
        super().__init__()
        self._non_blocking = bool(non_blocking)
        # An empty buffer follows the model through .to(), .cuda(), .to_empty(): it knows the device.
        self.register_buffer("_anchor", torch.empty(0), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where batches are moved to."""
        return self._buffers["_anchor"].device  # type: ignore[union-attr]

    def cast_data(self, data: Any) -> Any:
        """Move all tensors and data samples in nested containers to :attr:`device`."""
        return _moved(data, self.device, self._non_blocking)

    def forward(self, data: Any, training: bool = False) -> Any:
        """Return ``data`` on the device; ``training`` is for subclasses that augment."""
        return self.cast_data(data)


def _moved(data: Any, device: torch.device, non_blocking: bool) -> Any:
    if data is None or isinstance(data, (str, bytes)):
        return data
    if isinstance(data, Tensor):
        return data if data.device == device else data.to(device, non_blocking=non_blocking)
    if isinstance(data, (dict, Mapping)):
        return {key: _moved(value, device, non_blocking) for key, value in data.items()}
    if callable(getattr(data, "to", None)):  # a data sample
        return data.to(device, non_blocking=non_blocking)
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(_moved(item, device, non_blocking) for item in data))
    if isinstance(data, tuple):
        return tuple(_moved(item, device, non_blocking) for item in data)
    if isinstance(data, Sequence):
        return [_moved(item, device, non_blocking) for item in data]
    return data
