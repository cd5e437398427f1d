"""From the loss to new weights: backward, gradient clipping, accumulation and the optimizer step."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks

from mmpretrain.errors import CheckpointError, ConfigError
from mmpretrain.registry import OPTIM_WRAPPERS, check_arguments
from mmpretrain.utils.brief import brief

#: ``clip_grad.type`` -> the function, and the name of what it returns in the log.
CLIPPERS: dict[str, tuple[Callable[..., Tensor | None], str]] = {
    "norm": (nn.utils.clip_grad_norm_, "grad_norm"),
    "value": (nn.utils.clip_grad_value_, "grad_value"),
}


#: What a step runs in if nothing is asked for; it has no state, so one is enough.
_NO_CONTEXT = nullcontext()


@OPTIM_WRAPPERS.register_module()
class OptimWrapper:
    """Gives every optimizer the same interface, with or without mixed precision and accumulation.

    Args:
        optimizer: The optimizer.
        accumulative_counts: Number of iterations whose gradients make one step.
        clip_grad: Arguments of :func:`torch.nn.utils.clip_grad_norm_`, or with ``type='value'`` of
            :func:`torch.nn.utils.clip_grad_value_`.

    Attributes:
        log_vars: What the last :meth:`update_params` has to say to the log, such as ``grad_norm``, on its
            device.

    Example:
        >>> wrapper = OptimWrapper(SGD(model.parameters(), lr=0.1), clip_grad=dict(max_norm=5.0))
        >>> with wrapper.optim_context(model):
        ...     loss = model(inputs).sum()
        >>> wrapper.update_params(loss)
    """

    def __init__(
        self,
        optimizer: Optimizer,
        accumulative_counts: int = 1,
        clip_grad: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(accumulative_counts, int) or accumulative_counts < 1:
            raise ConfigError(
                f"accumulative_counts must be a positive int, got {accumulative_counts!r}",
                key="accumulative_counts",
            )
        self.optimizer = optimizer
        self.log_vars: dict[str, Tensor] = {}
        self._accumulative_counts = accumulative_counts
        self._inner_count = 0
        self._max_counts = -1
        self._remainder_counts = -1
        self.clip_grad_kwargs = dict(clip_grad) if clip_grad is not None else None
        if self.clip_grad_kwargs is not None:
            kind = self.clip_grad_kwargs.pop("type", "norm")
            if kind not in CLIPPERS:
                raise ConfigError(f"clip_grad.type must be 'norm' or 'value', got {kind!r}", key="clip_grad")
            if not self.clip_grad_kwargs:
                raise ConfigError(
                    "clip_grad is empty", hint="Give a bound, as in dict(max_norm=5.0).", key="clip_grad"
                )
            self.clip_func, self.grad_name = CLIPPERS[kind]
            check_arguments(self.clip_func, {"parameters": (), **self.clip_grad_kwargs}, label="clip_grad")
            for name in ("max_norm", "norm_type", "clip_value"):
                value = self.clip_grad_kwargs.get(name, 1.0)
                if not isinstance(value, (int, float)) and value != "inf":
                    raise ConfigError(
                        f"clip_grad.{name} must be a number, got {brief(value)}", key="clip_grad"
                    )
        # Groups can have their own learning rates. This one has those of the config, so that the log can
        # show the schedule itself.
        self.base_param_settings: dict[str, Any] | None = None
        if len(optimizer.param_groups) > 1:
            self.base_param_settings = {"params": torch.tensor([0.0]), **optimizer.defaults}

    # -- a training step ----------------------------------------------------------------------------

    def optim_context(self, model: nn.Module) -> AbstractContextManager[Any]:
        """Return the context of the forward pass.

        Args:
            model: The model; while gradients accumulate, a distributed one does not exchange them.
        """
        if self._accumulative_counts > 1 and not self.should_sync() and hasattr(model, "no_sync"):
            return model.no_sync()  # type: ignore[operator]
        return _NO_CONTEXT

    def update_params(
        self,
        loss: Tensor,
        step_kwargs: dict[str, Any] | None = None,
        zero_kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Run the backward pass of a loss and, if it is due, an optimizer step.

        Args:
            loss: The loss, a scalar.
            step_kwargs: Arguments of the optimizer's ``step``.
            zero_kwargs: Arguments of the optimizer's ``zero_grad``.
        """
        self.log_vars = {}
        self.backward(self.scale_loss(loss))
        if self.should_update():
            self.step(**(step_kwargs or {}))
            self.zero_grad(**(zero_kwargs or {}))

    def backward(self, loss: Tensor, **kwargs: Any) -> None:
        """Compute gradients."""
        loss.backward(**kwargs)
        self._inner_count += 1

    def step(self, **kwargs: Any) -> None:
        """Clip the gradients, if asked to, and change the parameters."""
        if self.clip_grad_kwargs:
            self._clip_grad()
        _step_of(self.optimizer)(**kwargs)

    def zero_grad(self, **kwargs: Any) -> None:
        """Forget the gradients."""
        if kwargs or type(self.optimizer).zero_grad is not Optimizer.zero_grad:
            self.optimizer.zero_grad(**kwargs)
            return
        # What torch does, without the entry for the profiler that takes longer than all the rest.
        for group in self.optimizer.param_groups:
            for param in group["params"]:
                param.grad = None

    def _clip_grad(self) -> None:
        params = [p for group in self.optimizer.param_groups for p in group["params"] if p.grad is not None]
        if params:
            result = self.clip_func(params, **(self.clip_grad_kwargs or {}))
            if result is not None:
                self.log_vars[self.grad_name] = result.detach()

    # -- accumulation -------------------------------------------------------------------------------

    @property
    def inner_count(self) -> int:
        """Number of backward passes so far."""
        return self._inner_count

    def initialize_count_status(self, model: nn.Module, cur_iter: int, max_iters: int) -> None:
        """Say where the run is, so that the last iterations lead to a step even if they are too few.

        Args:
            model: The model.
            cur_iter: Number of iterations that are done.
            max_iters: Number of iterations of the whole run.
        """
        self._inner_count = cur_iter
        self._max_counts = max_iters
        self._remainder_counts = max_iters % self._accumulative_counts
        logger = logging.getLogger("mmpretrain")
        if cur_iter % self._accumulative_counts != 0 and self._pending_gradients() is None:
            logger.warning(
                "The run resumes at iteration %d, in the middle of accumulating %d gradients: "
                "those before are lost.",
                cur_iter,
                self._accumulative_counts,
            )
        if self._accumulative_counts > 1 and any(isinstance(m, _BatchNorm) for m in model.modules()):
            logger.warning(
                "Accumulated gradients are not quite those of a large batch: the model has BatchNorm."
            )

    def should_update(self) -> bool:
        """Whether enough gradients have accumulated for a step."""
        return self._inner_count % self._accumulative_counts == 0 or self._inner_count == self._max_counts

    def should_sync(self) -> bool:
        """Whether the gradients of the coming backward pass lead to a step."""
        coming = self._inner_count + 1
        return coming % self._accumulative_counts == 0 or coming == self._max_counts

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Divide a loss by the number of losses that make one step."""
        if self._accumulative_counts == 1:
            return loss
        full = self._max_counts == -1 or self._inner_count < self._max_counts - self._remainder_counts
        count = self._accumulative_counts if full else self._remainder_counts
        if count <= 0:
            raise ValueError("initialize_count_status was given an iteration beyond the end of the run")
        return loss / count

    def _pending_gradients(self) -> list[Tensor | None] | None:
        grads = [p.grad for group in self.optimizer.param_groups for p in group["params"]]
        return grads if any(grad is not None for grad in grads) else None

    # -- settings and state -------------------------------------------------------------------------

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of parameters; if there are several, one more has the settings of the config."""
        groups = self.optimizer.param_groups
        return groups if self.base_param_settings is None else [*groups, self.base_param_settings]

    @property
    def defaults(self) -> dict[str, Any]:
        """The settings of groups that do not say otherwise."""
        return self.optimizer.defaults

    def get_lr(self) -> dict[str, list[float]]:
        """Return the learning rates of all groups as ``lr``, and that of the config as ``base_lr``."""
        lr = {"lr": [group["lr"] for group in self.optimizer.param_groups]}
        return lr if self.base_param_settings is None else {"base_lr": [self.base_param_settings["lr"]], **lr}

    def get_momentum(self) -> dict[str, list[float]]:
        """Return the momentum (or the first of the betas) of all groups."""
        groups = self.optimizer.param_groups
        return {"momentum": [g.get("momentum", g.get("betas", (0,))[0]) for g in groups]}

    def state_dict(self) -> dict[str, Any]:
        """Return the optimizer's state, and the gradients that wait for a step."""
        state = self.optimizer.state_dict()
        if self.base_param_settings is not None:
            state["base_param_settings"] = self.base_param_settings
        if not self.should_update() and (pending := self._pending_gradients()) is not None:
            state["pending_gradients"] = pending
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned."""
        state = dict(state_dict)
        self.base_param_settings = state.pop("base_param_settings", self.base_param_settings)
        pending = state.pop("pending_gradients", None)
        self._check_kind(state)
        self.optimizer.load_state_dict(state)
        if pending is not None:
            params = [p for group in self.optimizer.param_groups for p in group["params"]]
            for param, grad in zip(params, pending):
                param.grad = None if grad is None else grad.to(param)

    def _check_kind(self, state: Mapping[str, Any]) -> None:
        """Complain about the state of another optimizer, which torch takes and cannot step with."""
        # Newer versions of torch have more switches; numbers tell optimizers apart.
        numbers = {
            key
            for key, value in self.optimizer.defaults.items()
            if value is not None and not isinstance(value, bool)
        }
        name = type(self.optimizer).__name__
        if lacking := sorted(numbers.difference(*state["param_groups"][:1])):
            raise CheckpointError(
                f"The checkpoint is of another optimizer than {name}: it has no {lacking[0]}",
                hint="Resume with the optimizer of that run, or start from its weights: load_from alone.",
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(accumulative_counts={self._accumulative_counts}, {self.optimizer!r})"


def _step_of(optimizer: Optimizer) -> Callable[..., Any]:
    """Return the ``step`` of an optimizer, without torch's wrappers when these have nothing to do.

    One wrapper calls hooks and makes an entry for the profiler, even if there are none; another switches
    gradients off in a way that can be compiled. Both together take longer than a call of all our hooks.
    """
    hooks = optimizer._optimizer_step_pre_hooks or optimizer._optimizer_step_post_hooks
    everywhere = _global_optimizer_pre_hooks or _global_optimizer_post_hooks
    watched = torch.autograd._profiler_enabled() or torch.compiler.is_compiling()
    if hooks or everywhere or watched or "step" in vars(optimizer):
        return optimizer.step
    bare = _bare(type(optimizer).step)
    if bare is None or optimizer.defaults.get("differentiable"):
        return optimizer.step
    return partial(bare, optimizer)


@cache
def _bare(step: Any) -> Callable[..., Any] | None:
    """Return a ``step`` without torch's wrappers, or None if it does not wear the one of the profiler."""
    if not getattr(step, "hooked", False):
        return None
    inner = step.__wrapped__
    rule = getattr(inner, "__wrapped__", None)
    if rule is None or inner.__code__.co_name != "_use_grad":
        return inner

    def without_gradients(*args: Any, **kwargs: Any) -> Any:
        enabled = torch.is_grad_enabled()
        torch._C._set_grad_enabled(False)
        try:
            return rule(*args, **kwargs)
        finally:
            torch._C._set_grad_enabled(enabled)

    return without_gradients
