"""Pieces of a model on several processes: fully sharded data parallelism (FSDP2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import CPUOffloadPolicy, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from mmpretrain.engine.runner.strategies import SingleDeviceStrategy, to_cpu
from mmpretrain.registry import STRATEGIES
from mmpretrain.utils.dist import broadcast, get_world_size


@STRATEGIES.register_module()
class FSDPStrategy(SingleDeviceStrategy):
    """Each process keeps a part of every weight, gradient and optimizer state.

    Checkpoints have the layout of a single process, so that a run can go on with any other strategy.

    Args:
        device: The device of this process.
        channels_last: Store images and convolution weights with channels last.
        blocks: Names of modules that are gathered and freed as a unit; lists count as their elements. By
            default, every element of a ``nn.ModuleList`` or ``nn.Sequential`` with at least ``min_params``
            parameters.
        min_params: See ``blocks``.
        mixed_precision: ``param_dtype`` and ``reduce_dtype`` by name, such as ``'bfloat16'``.
        reshard_after_forward: Free a unit between the forward and the backward pass.
        cpu_offload: Keep the parts in host memory.
    """

    def __init__(
        self,
        device: torch.device | str = "cpu",
        channels_last: bool = False,
        blocks: Sequence[str] | None = None,
        min_params: int = 1_000_000,
        mixed_precision: dict[str, str] | None = None,
        reshard_after_forward: bool = True,
        cpu_offload: bool = False,
    ) -> None:
        super().__init__(device, channels_last)
        self.blocks = blocks
        self.min_params = min_params
        types = {name: getattr(torch, dtype) for name, dtype in (mixed_precision or {}).items()}
        self.options: dict[str, Any] = {
            "mp_policy": MixedPrecisionPolicy(**types),
            "reshard_after_forward": reshard_after_forward,
        }
        if cpu_offload:
            self.options["offload_policy"] = CPUOffloadPolicy()

    def wrap(self, model: nn.Module) -> nn.Module:
        """Initialise the whole model, give all processes the same one, and keep a part of it."""
        if hasattr(model, "init_weights"):
            model.init_weights()  # type: ignore[operator]
        for tensor in [*model.parameters(), *model.buffers()]:
            broadcast(tensor.data)
        mesh = init_device_mesh(self.device.type, (get_world_size(),))
        for unit in self._units(model):
            fully_shard(unit, mesh=mesh, **self.options)
        fully_shard(model, mesh=mesh, **self.options)
        return model

    def _units(self, model: nn.Module) -> list[nn.Module]:
        if self.blocks is not None:
            named = [model.get_submodule(name) for name in self.blocks]
            return [unit for item in named for unit in (item.children() if _is_list(item) else [item])]
        lists = [module for module in model.modules() if _is_list(module)]
        units = [child for item in lists for child in item.children()]
        large = [unit for unit in units if sum(p.numel() for p in unit.parameters()) >= self.min_params]
        return large[::-1]  # the innermost first, as `fully_shard` wants them

    def fit(self, model: nn.Module, weights: dict[str, Any]) -> dict[str, Any]:
        """Cut whole weights into parts."""
        own = model.state_dict()
        plain = {key.removeprefix("module."): value for key, value in weights.items()}
        return {key: _shard_like(own.get(key), value) for key, value in plain.items()}

    def model_state(self, model: nn.Module) -> dict[str, Any]:
        """Gather the whole weights."""
        return to_cpu(_map_tensors(model.state_dict(), _whole))

    def optimizer_state(self, model: nn.Module, optim_wrapper: Any) -> dict[str, Any]:
        """Gather the whole state."""
        return to_cpu(_map_tensors(optim_wrapper.state_dict(), _whole))

    def load_optimizer_state(self, model: nn.Module, optim_wrapper: Any, state: dict[str, Any]) -> None:
        """Cut a whole state into parts."""
        params = [p for group in optim_wrapper.param_groups for p in group["params"]]
        parts = {
            number: {key: _shard_like(params[number], value) for key, value in values.items()}
            for number, values in state["state"].items()
        }
        optim_wrapper.load_state_dict({**state, "state": parts})


def _is_list(module: nn.Module) -> bool:
    return isinstance(module, (nn.ModuleList, nn.Sequential))


def _whole(value: Any) -> Any:
    return value.full_tensor() if isinstance(value, DTensor) else value


def _shard_like(own: Any, value: Any) -> Any:
    """Cut a tensor the way ``own`` is cut, if it is the same size (a step count is not)."""
    if not isinstance(own, DTensor) or not isinstance(value, torch.Tensor) or own.shape != value.shape:
        return value
    return distribute_tensor(value.to(own.device), own.device_mesh, own.placements)


def _map_tensors(state: Any, function: Callable[[Any], Any]) -> Any:
    if isinstance(state, dict):
        return {key: _map_tensors(value, function) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(_map_tensors(value, function) for value in state)
    return function(state)
