"""Pieces of a model on several processes: fully sharded data parallelism (FSDP2)."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import CPUOffloadPolicy, FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, Shard, distribute_tensor
from torch.distributed.tensor import empty as empty_in_pieces
from torch.nn.modules.batchnorm import _BatchNorm

from mmpretrain.engine.runner.strategies import SingleDeviceStrategy
from mmpretrain.errors import ConfigError
from mmpretrain.registry import STRATEGIES
from mmpretrain.utils.dist import broadcast, get_world_size, is_main_process
from mmpretrain.utils.nest import map_tensors

#: `state_dict_cfg`, and the `state_dict_type` in it where it is a dict -> whether checkpoints are in pieces.
STATE_DICT_KINDS = {
    "full": False,
    "local": True,
    "FULL_STATE_DICT": False,
    "SHARDED_STATE_DICT": True,
    "LOCAL_STATE_DICT": True,
}


@STRATEGIES.register_module()
class FSDPStrategy(SingleDeviceStrategy):
    """Each process keeps a part of every weight, gradient and optimizer state.

    A run can be resumed with another strategy or number of processes, from either kind of checkpoint.

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
        state_dict_cfg: ``'full'`` gathers the state and writes it as a single process would; with
            ``'local'``, each process writes its parts, and checkpoints are folders (``mmpretrain convert``
            makes files of them). The dicts of 1.x with a ``state_dict_type`` are understood, too.
        model_wrapper: The older spelling of the others, as arguments of FSDP1; see :func:`_translate`.
        skip_init_weights: Do not initialise the weights, as a checkpoint will be loaded.
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
        state_dict_cfg: str | Mapping[str, Any] = "full",
        model_wrapper: Mapping[str, Any] | None = None,
        skip_init_weights: bool = False,
    ) -> None:
        super().__init__(device, channels_last)
        old = _translate(model_wrapper or {})
        self.skip_init_weights = skip_init_weights
        kind = state_dict_cfg if isinstance(state_dict_cfg, str) else state_dict_cfg.get("state_dict_type")
        if kind not in STATE_DICT_KINDS:
            raise ConfigError(
                f"Unknown state_dict_cfg {state_dict_cfg!r}",
                hint="Choose 'full' or 'local'.",
                key="state_dict_cfg",
            )
        self.sharded = STATE_DICT_KINDS[kind]
        self.blocks = blocks
        self.min_params = old.get("min_params", min_params)
        precision = mixed_precision or old.get("mixed_precision") or {}
        types = {name: getattr(torch, dtype) for name, dtype in precision.items()}
        self.precision = MixedPrecisionPolicy(**types)
        self.options: dict[str, Any] = {
            "reshard_after_forward": old.get("reshard_after_forward", reshard_after_forward),
        }
        if cpu_offload or old.get("cpu_offload"):
            self.options["offload_policy"] = CPUOffloadPolicy()

    def wrap(self, model: nn.Module) -> nn.Module:
        """Initialise the whole model, give all processes the same one, and keep a part of it."""
        if hasattr(model, "init_weights") and not self.skip_init_weights:
            model.init_weights()  # type: ignore[operator]
        for tensor in [*model.parameters(), *model.buffers()]:
            broadcast(tensor.data)
        template = _without_data(model)
        self.mesh = init_device_mesh(self.device.type, (get_world_size(),))
        units = self._units(model)
        for norm in self._norms(model):  # norms lie inside the other units, so they come first
            fully_shard(norm, mesh=self.mesh, **self.options, mp_policy=self._norm_precision())
        for unit in units:
            if not isinstance(unit, FSDPModule):
                fully_shard(unit, mesh=self.mesh, **self.options, mp_policy=self.precision)
        fully_shard(model, mesh=self.mesh, **self.options, mp_policy=self.precision)
        model.register_forward_hook(_free_unless_training)
        # The class that `fully_shard` gives a module refuses to be copied, which averages of weights need.
        model.__deepcopy__ = partial(_copy_parts, model, template)  # type: ignore[assignment]
        return model

    def _units(self, model: nn.Module) -> list[nn.Module]:
        if self.blocks is not None:
            named = [model.get_submodule(name) for name in self.blocks]
            return [unit for item in named for unit in (item.children() if _is_list(item) else [item])]
        lists = [module for module in model.modules() if _is_list(module)]
        units = [child for item in lists for child in item.children()]
        large = [unit for unit in units if sum(p.numel() for p in unit.parameters()) >= self.min_params]
        return large[::-1]  # the innermost first, as `fully_shard` wants them

    def _norms(self, model: nn.Module) -> list[nn.Module]:
        """Batch norms, if the other weights are computed with in a lower precision than their statistics."""
        if self.precision.param_dtype in (None, torch.float32):
            return []
        return [module for module in model.modules() if isinstance(module, _BatchNorm)]

    def _norm_precision(self) -> MixedPrecisionPolicy:
        """Batch norms compute in float32, the type of their running statistics, as under autocast."""
        return replace(self.precision, param_dtype=torch.float32, output_dtype=self.precision.param_dtype)

    def allocate(self, tensor: Tensor) -> Tensor:
        """Return an empty part of a tensor."""
        shape = {"dtype": tensor.dtype, "device_mesh": self.mesh, "placements": [Shard(0)]}
        return empty_in_pieces(tensor.shape, **shape)

    def fit(self, model: nn.Module, weights: dict[str, Any]) -> dict[str, Any]:
        """Cut whole weights into parts."""
        own = model.state_dict()
        return {
            key: _shard_like(own.get(key, own.get(key.removeprefix("module."))), value)
            for key, value in weights.items()
        }

    def model_state(self, model: nn.Module) -> dict[str, Any]:
        """Return the weights, whole or in parts."""
        return self._state(model.state_dict())

    def optimizer_state(self, model: nn.Module, optim_wrapper: Any) -> dict[str, Any]:
        """Return the state, whole or in parts."""
        return self._state(optim_wrapper.state_dict())

    def _state(self, state: dict[str, Any]) -> dict[str, Any]:
        def collect(tensor: Tensor, _: Any) -> Tensor:
            if isinstance(tensor, DTensor):
                if self.sharded:
                    return tensor
                tensor = tensor.full_tensor()
                if not is_main_process():  # only the first process writes it, and memory may be scarce
                    return tensor.to("meta")
            return tensor.detach().cpu()

        return map_tensors(state, collect)

    def load_optimizer_state(self, model: nn.Module, optim_wrapper: Any, state: dict[str, Any]) -> None:
        """Cut a whole state into parts."""
        params = [p for group in optim_wrapper.param_groups for p in group["params"]]
        parts = {
            number: {key: _shard_like(params[number], value) for key, value in values.items()}
            for number, values in state["state"].items()
        }
        state = {**state, "state": parts}
        if "pending_gradients" in state:
            state["pending_gradients"] = list(map(_shard_like, params, state["pending_gradients"]))
        optim_wrapper.load_state_dict(state)


def _translate(old: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of :class:`FSDPStrategy` that stand for those of the wrapper of 1.x.

    Args:
        old: ``auto_wrap_policy`` by size, ``sharding_strategy``, ``mixed_precision`` and ``cpu_offload``;
            ``use_orig_params`` is always so.
    """
    new: dict[str, Any] = {}
    for key, value in old.items():
        if key == "auto_wrap_policy" and "min_num_params" in value:
            new["min_params"] = int(value["min_num_params"])
        elif key == "sharding_strategy" and value in ("FULL_SHARD", "SHARD_GRAD_OP"):
            new["reshard_after_forward"] = value == "FULL_SHARD"
        elif key in ("mixed_precision", "cpu_offload"):
            new[key] = value
        elif key not in ("type", "use_orig_params"):
            raise ConfigError(
                f"model_wrapper.{key}={value!r} has no equivalent in FSDP2",
                hint="Use blocks=['backbone.layers'] and the other arguments of FSDPStrategy.",
            )
    return new


def _free_unless_training(model: nn.Module, args: Any, output: Any) -> None:
    """Let go of gathered weights where no backward pass will, so that all that is left are parts."""
    if not torch.is_grad_enabled():
        for module in model.modules():
            if isinstance(module, FSDPModule):
                module.reshard()


def _is_list(module: nn.Module) -> bool:
    return isinstance(module, (nn.ModuleList, nn.Sequential))


def _shard_like(own: Any, value: Any) -> Any:
    """Cut a tensor the way ``own`` is cut, if it is the same size (a step count is not)."""
    if not isinstance(own, DTensor) or not isinstance(value, Tensor) or own.shape != value.shape:
        return value
    value = value.to(own.device)
    return value if isinstance(value, DTensor) else distribute_tensor(value, own.device_mesh, own.placements)


def _without_data(model: nn.Module) -> nn.Module:
    """Copy a model with empty weights and buffers."""
    tensors = [*model.parameters(), *model.buffers()]
    return copy.deepcopy(model, {id(tensor): tensor.detach().to("meta") for tensor in tensors})


def _copy_parts(model: nn.Module, template: nn.Module, memo: dict[int, Any]) -> nn.Module:
    """Copy a model in parts to one that has the same parts and computes nothing in common with others."""
    twin = copy.deepcopy(template)
    for source, target in zip(model.modules(), twin.modules()):
        for name, tensor in [*source._parameters.items(), *source._buffers.items()]:
            store = target._parameters if name in target._parameters else target._buffers
            store[name] = copy.deepcopy(tensor, memo)
    return twin
