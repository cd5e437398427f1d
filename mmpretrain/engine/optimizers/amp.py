"""Automatic mixed precision."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler

from mmpretrain.engine.optimizers.wrapper import OptimWrapper
from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.registry import OPTIM_WRAPPERS, check_arguments

DTYPES = ("float16", "bfloat16", "float32", "float64")


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(OptimWrapper):
    """Computes the forward pass in half precision, and scales the loss so that gradients do not vanish.

    Works on every device that :func:`torch.autocast` knows, the CPU among them.

    Args:
        loss_scale: ``'dynamic'``, a fixed number, or arguments of :class:`torch.amp.GradScaler`.
        dtype: ``'float16'``, ``'bfloat16'`` or a torch type; by default what autocast prefers, which is
            float16 on CUDA and bfloat16 on the CPU.
        use_fsdp: The parameters are sharded over processes, so that all agree on the scale.
        **kwargs: Arguments of :class:`OptimWrapper`.
    """

    def __init__(
        self,
        loss_scale: str | float | Mapping[str, Any] = "dynamic",
        dtype: str | torch.dtype | None = None,
        use_fsdp: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(dtype, str):
            if dtype not in DTYPES:
                raise ConfigError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}", key="dtype")
            dtype = getattr(torch, dtype)
        self.cast_dtype: torch.dtype | None = dtype  # type: ignore[assignment]
        self._fixed_scale: float | None = None
        if isinstance(loss_scale, (int, float)) and not isinstance(loss_scale, bool):
            self._fixed_scale = float(loss_scale)
            arguments: dict[str, Any] = {"init_scale": self._fixed_scale}
        elif isinstance(loss_scale, Mapping):
            arguments = dict(loss_scale)
        elif loss_scale == "dynamic":
            arguments = {}
        else:
            raise ArgumentError(
                f"loss_scale must be 'dynamic', a number or a dict, got {loss_scale!r}", key="loss_scale"
            )
        self.device_type = next(
            (p.device.type for group in self.optimizer.param_groups for p in group["params"]), "cpu"
        )
        scaler = _scaler_type(use_fsdp)
        check_arguments(scaler, arguments, label="loss_scale")
        self.loss_scaler = scaler(device=self.device_type, **arguments)

    def optim_context(self, model: nn.Module) -> AbstractContextManager[Any]:
        """Return the context of the forward pass, with autocast."""
        stack = ExitStack()
        stack.enter_context(super().optim_context(model))
        stack.enter_context(torch.autocast(self.device_type, dtype=self.cast_dtype))
        return stack

    def backward(self, loss: Tensor, **kwargs: Any) -> None:
        """Compute gradients of the scaled loss."""
        self.loss_scaler.scale(loss).backward(**kwargs)
        self._inner_count += 1

    def step(self, **kwargs: Any) -> None:
        """Change the parameters, unless a gradient is infinite or not a number."""
        if self.clip_grad_kwargs:
            self.loss_scaler.unscale_(self.optimizer)
            self._clip_grad()
        self.loss_scaler.step(self.optimizer, **kwargs)
        self.loss_scaler.update(self._fixed_scale)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of optimizer and loss scaler."""
        return {**super().state_dict(), "loss_scaler": self.loss_scaler.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned; a checkpoint without mixed precision will do, too."""
        state = dict(state_dict)
        if scale := state.pop("loss_scaler", None):
            self.loss_scaler.load_state_dict(scale)
        super().load_state_dict(state)


def _scaler_type(use_fsdp: bool) -> type[GradScaler]:
    if use_fsdp:
        from torch.distributed.fsdp.sharded_grad_scaler import ShardedGradScaler

        return ShardedGradScaler
    return GradScaler
