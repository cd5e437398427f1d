"""Where a model lives: one device, or copies or pieces of it on several.

Every strategy has the same interface; the rest of the engine never asks which one it talks to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.runner.sync_bn import sync_batch_norm
from mmpretrain.registry import MODEL_WRAPPERS, STRATEGIES
from mmpretrain.utils.dist import all_gather_object, broadcast, get_rank, get_world_size
from mmpretrain.utils.nest import map_tensors


@STRATEGIES.register_module()
class SingleDeviceStrategy:
    """One process, one device.

    Args:
        device: The device.
        channels_last: Store images and convolution weights with channels last, which is faster on GPUs.
    """

    #: Whether the states hold the pieces of tensors that this process has, so that every process must write.
    sharded = False

    def __init__(self, device: torch.device | str = "cpu", channels_last: bool = False) -> None:
        self.device = torch.device(device)
        self.channels_last = channels_last

    def place(self, model: nn.Module) -> nn.Module:
        """Bring the weights to the device."""
        if self.channels_last:
            return model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return model.to(self.device)

    @contextmanager
    def initialising(self, model: nn.Module) -> Iterator[None]:
        """Let weights be drawn in one order, however they are stored."""
        if not self.channels_last:
            yield
            return
        model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        yield
        self.place(model)

    def wrap(self, model: nn.Module) -> nn.Module:
        """Return the module that trains; ``unwrap`` of it is ``model``."""
        return model

    def unwrap(self, model: nn.Module) -> nn.Module:
        """Return the user's model."""
        return unwrap(model)

    def after_init(self, model: nn.Module) -> None:
        """Make all processes start from the same weights."""

    def allocate(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return where a tensor of a checkpoint in pieces is read to, given an empty one like it."""
        return torch.empty_like(tensor, device="cpu")

    def fit(self, model: nn.Module, weights: dict[str, Any]) -> dict[str, Any]:
        """Bring whole weights into the form in which the model keeps them."""
        return weights

    def model_state(self, model: nn.Module) -> dict[str, Any]:
        """Return what a checkpoint holds of the weights; every process takes part."""
        return to_cpu(self.unwrap(model).state_dict())

    def optimizer_state(self, model: nn.Module, optim_wrapper: Any) -> dict[str, Any]:
        """Return what a checkpoint holds of the optimizer; every process takes part."""
        return to_cpu(optim_wrapper.state_dict())

    def load_optimizer_state(self, model: nn.Module, optim_wrapper: Any, state: dict[str, Any]) -> None:
        """Put a state back into the optimizer."""
        optim_wrapper.load_state_dict(state)


@STRATEGIES.register_module()
class DDPStrategy(SingleDeviceStrategy):
    """A copy of the model in each process, whose gradients are averaged.

    Args:
        device: The device of this process.
        channels_last: Store images and convolution weights with channels last.
        model_wrapper: Changes to the wrapper, a :class:`.MMDistributedDataParallel`.
        sync_bn: ``'torch'`` lets batch norms compute their statistics over all processes.
        find_unused_parameters: Allow for parameters that a forward pass does not use.
        static_graph: Promise that every iteration uses the same parameters, which is faster.
    """

    def __init__(
        self,
        device: torch.device | str = "cpu",
        channels_last: bool = False,
        model_wrapper: dict[str, Any] | None = None,
        sync_bn: str | bool | None = None,
        find_unused_parameters: bool = False,
        static_graph: bool = False,
    ) -> None:
        super().__init__(device, channels_last)
        self.sync_bn = sync_bn
        self.wrapper = {
            "type": "MMDistributedDataParallel",
            "broadcast_buffers": False,
            "find_unused_parameters": find_unused_parameters,
            "static_graph": static_graph,
            **(model_wrapper or {}),
        }

    def wrap(self, model: nn.Module) -> nn.Module:
        """Wrap the model in DistributedDataParallel."""
        model = sync_batch_norm(model, self.sync_bn, self.device)
        if not any(parameter.requires_grad for parameter in model.parameters()):
            return model  # nothing to exchange
        if self.wrapper["type"] == "MMSeparateDistributedDataParallel":
            self.wrapper.pop("static_graph")
        devices = [self.device.index or 0] if self.device.type == "cuda" else None
        return MODEL_WRAPPERS.build(self.wrapper, default_args={"module": model, "device_ids": devices})

    def after_init(self, model: nn.Module) -> None:
        """Give all processes the weights of the first."""
        for tensor in [*model.parameters(), *model.buffers()]:
            broadcast(tensor.data)

    def optimizer_state(self, model: nn.Module, optim_wrapper: Any) -> dict[str, Any]:
        """Return the state, with the gradients of each copy: until a step is due, they are not exchanged."""
        state = super().optimizer_state(model, optim_wrapper)
        for part in _parts_in_waiting(state):
            part["pending_gradients"] = all_gather_object(part["pending_gradients"])
        return state


def own_gradients(state: dict[str, Any]) -> dict[str, Any]:
    """Pick this process's among the gradients of all copies, or their mean if there were more or fewer."""
    for part in _parts_in_waiting(state):
        copies = part["pending_gradients"]
        if not any(isinstance(item, list) for item in copies):
            continue
        if len(copies) == get_world_size():
            part["pending_gradients"] = copies[get_rank()]
        else:
            part["pending_gradients"] = [_mean(gradients, len(copies)) for gradients in zip(*copies)]
    return state


def _parts_in_waiting(state: dict[str, Any]) -> list[dict[str, Any]]:
    """Return which states of optimizers, of one or of several, have gradients that wait for a step."""
    return [
        part for part in (state, *state.values()) if isinstance(part, dict) and "pending_gradients" in part
    ]


def _mean(gradients: tuple[torch.Tensor | None, ...], count: int) -> torch.Tensor | None:
    present = [gradient for gradient in gradients if gradient is not None]
    return torch.stack(present).sum(0) / count if present else None


def to_cpu(state: Any) -> Any:
    """Copy a nest of containers with its tensors brought to the CPU."""
    return map_tensors(state, lambda tensor, _: tensor.detach().cpu())
