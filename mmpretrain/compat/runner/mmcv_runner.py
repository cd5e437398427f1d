"""``EpochBasedRunner`` and ``IterBasedRunner`` for scripts that make one themselves.

They collect what MMCV 1.x's runners were told, and hand it to a runner of today when ``run`` is called.
"""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import nn
from torch.optim import Optimizer

from mmpretrain.compat.hooks.evaluation import EvalHook
from mmpretrain.compat.hooks.optimizer import OptimizerHook
from mmpretrain.compat.protocols.hooks import OldRunner
from mmpretrain.compat.runner.assembly import runner_with
from mmpretrain.compat.v0 import rewrite
from mmpretrain.config import Config
from mmpretrain.engine.hooks import Hook
from mmpretrain.engine.runner import Runner
from mmpretrain.errors import ConfigError
from mmpretrain.registry import OPTIM_WRAPPERS

#: Hooks that a runner of today has anyway.
_THERE = ("IterTimerHook", "DistSamplerSeedHook")


class BaseRunner:
    """Trains a model on data loaders.

    Args:
        model: The model; in a wrapper for one or several devices, or bare.
        batch_processor: Not supported: the model has a ``train_step``.
        optimizer: Its optimizer.
        work_dir: Where logs and checkpoints go.
        logger: Accepted for compatibility: a run has its own log.
        meta: Facts that travel in checkpoints.
        max_iters: Iterations to do.
        max_epochs: Epochs to do.
    """

    by_epoch: ClassVar[bool] = True

    def __init__(
        self,
        model: nn.Module,
        batch_processor: Any = None,
        optimizer: Optimizer | None = None,
        work_dir: str | None = None,
        logger: logging.Logger | None = None,
        meta: Mapping[str, Any] | None = None,
        max_iters: int | None = None,
        max_epochs: int | None = None,
    ) -> None:
        if batch_processor is not None:
            raise ConfigError("There is no batch_processor any more", hint="Give the model a train_step.")
        if max_epochs is not None and max_iters is not None:
            raise ConfigError("Only one of max_epochs and max_iters can be given")
        self.model = model
        self.optimizer = optimizer
        self.work_dir = work_dir or "."
        self.logger = logger or logging.getLogger("mmpretrain")
        self.meta = meta
        self.max_epochs = max_epochs
        self.max_iters = max_iters
        self.timestamp = time.strftime("%Y%m%d_%H%M%S", time.localtime())
        self.hooks: list[Any] = []
        self.settings: dict[str, Any] = {}
        self._start: dict[str, Any] = {}
        #: The runner of today, once ``run`` has been called.
        self.runner: Runner | None = None

    def __getattr__(self, name: str) -> Any:
        run = vars(self).get("runner")
        if run is None or name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r} before run()")
        return getattr(OldRunner.of(run, None, None, None), name)

    # -- what it is told ------------------------------------------------------------------------------

    def register_hook(self, hook: Any, priority: str | int = "NORMAL") -> None:
        """Add a hook, or its config."""
        if isinstance(hook, Mapping):
            self.register_hook_from_cfg(hook)
        elif isinstance(hook, OptimizerHook):
            self.register_optimizer_hook(hook)
        elif type(hook).__name__ not in _THERE:
            hook.priority = priority
            self.hooks.append(hook)

    def register_hook_from_cfg(self, hook_cfg: Mapping[str, Any]) -> None:
        """Add a hook by its config."""
        self.hooks.append(dict(hook_cfg))

    def register_lr_hook(self, lr_config: Any) -> None:
        """Take ``lr_config``, or a hook."""
        self._register("lr_config", lr_config)

    def register_momentum_hook(self, momentum_config: Any) -> None:
        """Take ``momentum_config``, or a hook."""
        self._register("momentum_config", momentum_config)

    def register_optimizer_hook(self, optimizer_config: Any) -> None:
        """Take ``optimizer_config``, or a hook."""
        self.settings["optimizer_config"] = optimizer_config

    def register_checkpoint_hook(self, checkpoint_config: Any) -> None:
        """Take ``checkpoint_config``, or a hook."""
        self._register("checkpoint_config", checkpoint_config)

    def register_logger_hooks(self, log_config: Any) -> None:
        """Take ``log_config``."""
        self._register("log_config", log_config)

    def register_timer_hook(self, timer_config: Any) -> None:
        """Do nothing: a runner measures its times by itself."""

    register_sampler_seed_hook = register_timer_hook

    def register_training_hooks(
        self,
        lr_config: Any,
        optimizer_config: Any = None,
        checkpoint_config: Any = None,
        log_config: Any = None,
        momentum_config: Any = None,
        timer_config: Any = None,
        custom_hooks_config: Any = None,
    ) -> None:
        """Take the settings of a training run, each as a config or a hook."""
        self.register_lr_hook(lr_config)
        self.register_optimizer_hook(optimizer_config)
        self.register_checkpoint_hook(checkpoint_config)
        self.register_logger_hooks(log_config)
        self.register_momentum_hook(momentum_config)
        custom = custom_hooks_config or ()
        for hook in [custom] if isinstance(custom, Mapping) else custom:
            self.register_hook(hook)

    def _register(self, key: str, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, Mapping):
            self.settings[key] = dict(value)
        elif isinstance(value, Hook):
            self.hooks.append(value)
        else:
            raise ConfigError(f"{key} must be a dict or a hook, got {value!r}", key=key)

    def load_checkpoint(self, filename: str, *args: Any, **kwargs: Any) -> None:
        """Start from the weights of a file."""
        self._start = {"load_from": filename}

    def resume(self, checkpoint: str, *args: Any, **kwargs: Any) -> None:
        """Continue where a checkpoint was saved."""
        self._start = {"load_from": checkpoint, "resume": True}

    # -- the run --------------------------------------------------------------------------------------

    def run(
        self,
        data_loaders: Sequence[Any],
        workflow: Sequence[tuple[str, int]] = (("train", 1),),
        max_epochs: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Train.

        Args:
            data_loaders: One for each phase of the workflow.
            workflow: Phases and how long each lasts; only ``[('train', n)]``.
            max_epochs: Epochs, where the constructor did not say.
            **kwargs: Accepted for compatibility.
        """
        if [phase for phase, _ in workflow] != ["train"] or not data_loaders:
            raise ConfigError(
                f"The workflow {list(workflow)!r} cannot be run by a script's own runner",
                hint="Train by a config with this workflow, or evaluate with an EvalHook.",
            )
        runner = self.runner = self._runner_of_today(data_loaders[0], max_epochs or self.max_epochs)
        runner.train()

    def _runner_of_today(self, loader: Any, max_epochs: int | None) -> Runner:
        length = {"max_epochs": max_epochs} if self.by_epoch else {"max_iters": self.max_iters}
        if None in length.values() or self.optimizer is None:
            lacking = "an optimizer" if self.optimizer is None else next(iter(length))
            raise ConfigError(f"{type(self).__name__} needs {lacking}")
        settings = {key: value for key, value in self.settings.items() if isinstance(value, Mapping)}
        own_hook = self.settings.get("optimizer_config")
        kind = "EpochBasedRunner" if self.by_epoch else "IterBasedRunner"
        config = Config(
            {**settings, "runner": {"type": kind, **length}, "optimizer": {"type": "SGD", "lr": 0}}
        )
        rewrite(config)
        parts: dict[str, Any] = dict(config)
        wrapper = {**parts["optim_wrapper"], "optimizer": self.optimizer}
        if isinstance(own_hook, Hook):
            wrapper = {"type": "HookedOptimWrapper", "hook": own_hook, "optimizer": self.optimizer}
        evaluating = [hook for hook in self.hooks if isinstance(hook, EvalHook)]
        for hook in evaluating:
            hook.by_epoch = hook.by_epoch and self.by_epoch
        parts.update(work_dir=self.work_dir, **self._start)
        return runner_with(
            parts,
            model=_stepping(getattr(self.model, "module", self.model)),
            train_dataloader=loader,
            optim_wrapper=OPTIM_WRAPPERS.build({"type": "OptimWrapper", **wrapper}),
            custom_hooks=[*parts.get("custom_hooks", ()), *self.hooks],
        )


class EpochBasedRunner(BaseRunner):
    """Trains for a number of epochs."""


class IterBasedRunner(BaseRunner):
    """Trains for a number of iterations."""

    by_epoch = False


def _stepping(model: nn.Module) -> nn.Module:
    """Return a model with the training step of today; one with that of MMCV 1.x is wrapped."""
    step = getattr(type(model), "train_step", None)
    if step is None:
        raise ConfigError(f"{type(model).__name__} has no train_step(data, optimizer)")
    takes_old = "optim_wrapper" not in inspect.signature(step).parameters
    return OldStep(model) if takes_old else model


class OldStep(nn.Module):
    """A model whose ``train_step(data, optimizer)`` returns ``loss``, ``log_vars`` and ``num_samples``.

    Args:
        module: The model.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the model."""
        return self.module(*args, **kwargs)

    def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, Any]:
        """Ask the model for its loss, and do what follows from it."""
        outputs = self.module.train_step(data, optim_wrapper.optimizer)  # type: ignore[operator]
        optim_wrapper.update_params(outputs["loss"])
        return {"loss": outputs["loss"], **outputs.get("log_vars", {})}


def build_runner(cfg: Mapping[str, Any], default_args: Mapping[str, Any] | None = None) -> BaseRunner:
    """Build a runner.

    Args:
        cfg: ``dict(type='EpochBasedRunner', max_epochs=...)``.
        default_args: ``model``, ``optimizer``, ``work_dir``, ``logger``, ``meta``.
    """
    options: dict[str, Any] = {**(default_args or {}), **cfg}
    kind = options.pop("type")
    kinds = {"EpochBasedRunner": EpochBasedRunner, "IterBasedRunner": IterBasedRunner}
    if kind not in kinds:
        raise ConfigError(
            f"There is no runner {kind!r}", hint=f"There are {', '.join(kinds)}; others are classes in LOOPS."
        )
    return kinds[kind](**options)


class DefaultRunnerConstructor:
    """Builds the runner of a script.

    Args:
        runner_cfg: See :func:`build_runner`.
        default_args: See :func:`build_runner`.
    """

    def __init__(self, runner_cfg: Mapping[str, Any], default_args: Mapping[str, Any] | None = None) -> None:
        self.runner_cfg = runner_cfg
        self.default_args = default_args

    def __call__(self) -> BaseRunner:
        """Return the runner."""
        return build_runner(self.runner_cfg, self.default_args)
