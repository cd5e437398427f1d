"""Optimizer hooks of MMCV 1.x: those that ``optimizer_config`` names, and the bases of users' own.

A hook of this kind does backward, clipping and the step itself. It is not called as a hook: the wrapper
:class:`~mmpretrain.compat.optimizers.hooked.HookedOptimWrapper` calls it instead of doing that work itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.engine.hooks import Hook
from mmpretrain.errors import ConfigError


class OptimizerHook(Hook):
    """Backward, gradient clipping and the step of the optimizer.

    Args:
        grad_clip: Arguments of :func:`torch.nn.utils.clip_grad_norm_`.
        detect_anomalous_params: Accepted for compatibility.
    """

    def __init__(
        self, grad_clip: Mapping[str, Any] | None = None, detect_anomalous_params: bool = False
    ) -> None:
        self.grad_clip = grad_clip
        self.detect_anomalous_params = detect_anomalous_params

    def before_train(self, runner: Any) -> None:
        """Refuse to be a custom hook, which would make a second step in each iteration."""
        raise ConfigError(
            f"{type(self).__name__} is an optimizer hook, and would make a second step as a custom hook",
            hint=f"Name it in optimizer_config = dict(type='{type(self).__name__}').",
            key="custom_hooks",
        )

    def clip_grads(self, params: Iterable[nn.Parameter]) -> Tensor | None:
        """Clip the gradients of parameters, and return their norm."""
        with_grad = [param for param in params if param.requires_grad and param.grad is not None]
        if not with_grad:
            return None
        return nn.utils.clip_grad_norm_(with_grad, **(self.grad_clip or {"max_norm": float("inf")}))

    def clip_and_log(self, runner: Any) -> None:
        """Clip the gradients of the model if ``grad_clip`` is set, and log their norm."""
        norm = None if self.grad_clip is None else self.clip_grads(runner.model.parameters())
        if norm is not None:
            runner.log_buffer.update({"grad_norm": float(norm)}, runner.outputs["num_samples"])

    def after_train_iter(self, runner: Any, *args: Any, **kwargs: Any) -> None:
        """Do the whole step for ``runner.outputs['loss']``."""
        runner.optimizer.zero_grad()
        runner.outputs["loss"].backward()
        self.clip_and_log(runner)
        runner.optimizer.step()


class GradientCumulativeOptimizerHook(OptimizerHook):
    """Makes a step after several backward passes.

    Args:
        cumulative_iters: How many.
        **kwargs: Arguments of :class:`OptimizerHook`.
    """

    def __init__(self, cumulative_iters: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(cumulative_iters, int) or cumulative_iters < 1:
            raise ConfigError(
                f"cumulative_iters must be a positive int, got {cumulative_iters!r}", key="cumulative_iters"
            )
        self.cumulative_iters = cumulative_iters

    def get_loss_factor(self, runner: Any) -> int:
        """Return how many losses make the step that this iteration belongs to."""
        left = runner.max_iters % self.cumulative_iters
        return self.cumulative_iters if runner.iter < runner.max_iters - left else left

    def is_due(self, runner: Any) -> bool:
        """Whether this iteration ends with a step."""
        return self.every_n_iters(runner, self.cumulative_iters) or runner.iter + 1 == runner.max_iters

    def after_train_iter(self, runner: Any, *args: Any, **kwargs: Any) -> None:
        """Accumulate gradients, and make the step when it is due."""
        (runner.outputs["loss"] / self.get_loss_factor(runner)).backward()
        if self.is_due(runner):
            self.clip_and_log(runner)
            runner.optimizer.step()
            runner.optimizer.zero_grad()


class Fp16OptimizerHook(OptimizerHook):
    """The step of mixed precision, in which the loss is scaled.

    Args:
        grad_clip: Arguments of :func:`torch.nn.utils.clip_grad_norm_`.
        coalesce: Accepted for compatibility.
        bucket_size_mb: Accepted for compatibility.
        loss_scale: A fixed scale, ``'dynamic'``, or arguments of :class:`torch.amp.GradScaler`.
        distributed: Accepted for compatibility.
    """

    def __init__(
        self,
        grad_clip: Mapping[str, Any] | None = None,
        coalesce: bool = True,
        bucket_size_mb: int = -1,
        loss_scale: float | str | Mapping[str, Any] = 512.0,
        distributed: bool = True,
    ) -> None:
        super().__init__(grad_clip)
        self._scale_update_param: float | None = None
        options: dict[str, Any] = {}
        if isinstance(loss_scale, Mapping):
            options = dict(loss_scale)
        elif isinstance(loss_scale, (int, float)):
            self._scale_update_param = float(loss_scale)
            options = {"init_scale": float(loss_scale)}
        elif loss_scale != "dynamic":
            raise ConfigError(
                f"loss_scale must be a number, a dict or 'dynamic', got {loss_scale!r}", key="loss_scale"
            )
        self.loss_scaler = torch.amp.GradScaler(enabled=torch.cuda.is_available(), **options)

    def after_train_iter(self, runner: Any, *args: Any, **kwargs: Any) -> None:
        """Do the whole step for ``runner.outputs['loss']``."""
        runner.optimizer.zero_grad()
        self.loss_scaler.scale(runner.outputs["loss"]).backward()
        self.scaled_step(runner)

    def scaled_step(self, runner: Any) -> None:
        """Clip the gradients without their scale, and make the step unless they overflowed."""
        self.loss_scaler.unscale_(runner.optimizer)
        self.clip_and_log(runner)
        self.loss_scaler.step(runner.optimizer)
        self.loss_scaler.update(self._scale_update_param)


class GradientCumulativeFp16OptimizerHook(GradientCumulativeOptimizerHook, Fp16OptimizerHook):
    """Mixed precision with a step after several backward passes.

    Args:
        cumulative_iters: How many.
        **kwargs: Arguments of :class:`Fp16OptimizerHook`.
    """

    def after_train_iter(self, runner: Any, *args: Any, **kwargs: Any) -> None:
        """Accumulate gradients, and make the step when it is due."""
        self.loss_scaler.scale(runner.outputs["loss"] / self.get_loss_factor(runner)).backward()
        if self.is_due(runner):
            self.scaled_step(runner)
            runner.optimizer.zero_grad()


class DistOptimizerHook(OptimizerHook):
    """The optimizer hook of MMClassification 0.x for several processes.

    Args:
        grad_clip: Arguments of :func:`torch.nn.utils.clip_grad_norm_`.
        coalesce: Accepted for compatibility: DistributedDataParallel averages the gradients.
        bucket_size_mb: Accepted for compatibility.
    """

    def __init__(
        self, grad_clip: Mapping[str, Any] | None = None, coalesce: bool = True, bucket_size_mb: int = -1
    ) -> None:
        super().__init__(grad_clip)
        self.coalesce = coalesce
        self.bucket_size_mb = bucket_size_mb
