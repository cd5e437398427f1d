"""The wrapper that leaves its work to an optimizer hook of MMCV 1.x."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from mmpretrain.compat.hooks.optimizer import Fp16OptimizerHook
from mmpretrain.compat.protocols.hooks import OldRunner
from mmpretrain.engine import session
from mmpretrain.engine.optimizers.wrapper import OptimWrapper
from mmpretrain.registry import HOOKS, OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class HookedOptimWrapper(OptimWrapper):
    """Asks an optimizer hook of MMCV 1.x to do what follows from a loss.

    Args:
        optimizer: The optimizer.
        hook: The hook, or its config; its ``after_train_iter(runner)`` finds the loss in
            ``runner.outputs['loss']`` and does backward and the step.
    """

    def __init__(self, optimizer: Optimizer, hook: Any) -> None:
        super().__init__(optimizer)
        self.hook = HOOKS.build(hook)

    def initialize_count_status(self, model: nn.Module, cur_iter: int, max_iters: int) -> None:
        """Call the hook's ``before_run``, now that the run is about to start."""
        super().initialize_count_status(model, cur_iter, max_iters)
        self.hook.before_run(OldRunner.of(session.current(), None, None, None))

    def optim_context(self, model: nn.Module) -> AbstractContextManager[Any]:
        """Return the context of the forward pass: autocast, for hooks of mixed precision."""
        if isinstance(self.hook, Fp16OptimizerHook):
            kind = next(model.parameters()).device.type
            return torch.autocast(kind, dtype=torch.float16 if kind == "cuda" else torch.bfloat16)
        return super().optim_context(model)

    def update_params(
        self,
        loss: Tensor,
        step_kwargs: dict[str, Any] | None = None,
        zero_kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Hand the loss to the hook."""
        run = session.current()
        view = OldRunner.of(run, None, None, None)
        size = getattr(run.train_dataloader, "batch_size", None) or 1
        vars(view)["outputs"] = {"loss": loss, "log_vars": {"loss": loss.detach()}, "num_samples": size}
        self.log_vars = {}
        self.hook.after_train_iter(view)
        self._inner_count += 1

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the optimizer, and that of the hook's loss scale."""
        scaler = getattr(self.hook, "loss_scaler", None)
        state = super().state_dict()
        return state if scaler is None else {**state, "loss_scaler": scaler.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned."""
        state = dict(state_dict)
        scaler, saved = getattr(self.hook, "loss_scaler", None), state.pop("loss_scaler", None)
        super().load_state_dict(state)
        if scaler is not None and saved:
            scaler.load_state_dict(saved)
