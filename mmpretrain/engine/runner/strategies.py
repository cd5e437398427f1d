"""Where a model lives: one device, or copies or pieces of it on several.

Every strategy has the same interface; the rest of the engine never asks which one it talks to.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from mmpretrain.registry import STRATEGIES


@STRATEGIES.register_module()
class SingleDeviceStrategy:
    """One process, one device.

    Args:
        device: The device.
        channels_last: Store images and convolution weights with channels last, which is faster on GPUs.
    """

    def __init__(self, device: torch.device | str = "cpu", channels_last: bool = False) -> None:
        self.device = torch.device(device)
        self.channels_last = channels_last

    def place(self, model: nn.Module) -> nn.Module:
        """Bring the weights to the device."""
        if self.channels_last:
            return model.to(self.device, memory_format=torch.channels_last)
        return model.to(self.device)

    def wrap(self, model: nn.Module) -> nn.Module:
        """Return the module that trains; ``unwrap`` of it is ``model``."""
        return model

    def unwrap(self, model: nn.Module) -> nn.Module:
        """Return the user's model."""
        return model

    def after_init(self, model: nn.Module) -> None:
        """Make all processes start from the same weights."""

    def model_state(self, model: nn.Module) -> dict[str, Any]:
        """Return the whole state dict on the CPU; every process takes part."""
        return to_cpu(self.unwrap(model).state_dict())

    def optimizer_state(self, model: nn.Module, optim_wrapper: Any) -> dict[str, Any]:
        """Return the whole state of the optimizer on the CPU; every process takes part."""
        return to_cpu(optim_wrapper.state_dict())

    def load_optimizer_state(self, model: nn.Module, optim_wrapper: Any, state: dict[str, Any]) -> None:
        """Put a state back into the optimizer."""
        optim_wrapper.load_state_dict(state)


def to_cpu(state: Any) -> Any:
    """Copy a nest of containers with its tensors brought to the CPU."""
    if isinstance(state, torch.Tensor):
        return state.detach().cpu()
    if isinstance(state, dict):
        copy = type(state)((key, to_cpu(value)) for key, value in state.items())
        if hasattr(state, "_metadata"):  # versions of modules, which `load_state_dict` reads
            copy._metadata = state._metadata  # type: ignore[attr-defined]
        return copy
    if isinstance(state, (list, tuple)):
        return type(state)(map(to_cpu, state))
    return state
