"""Schedules as hooks, as MMCV 1.x had them: ``policy='My'`` in ``lr_config`` names a ``MyLrUpdaterHook``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from mmpretrain.compat.protocols.hooks import OldRunner
from mmpretrain.compat.schedulers.policies import MOMENTUM_POLICIES, OPTIONS, POLICIES
from mmpretrain.engine.hooks import Hook
from mmpretrain.errors import ConfigError


class UpdaterHook(Hook):
    """Sets one setting of the optimizer at each epoch or iteration.

    Args:
        by_epoch: Follow the schedule epoch by epoch, otherwise iteration by iteration.
        warmup: ``'constant'``, ``'linear'`` or ``'exp'``; None for no warm-up.
        warmup_iters: Length of the warm-up.
        warmup_ratio: The part of the value that the warm-up begins with.
        warmup_by_epoch: Count the length of the warm-up in epochs.
    """

    priority = "VERY_HIGH"
    #: Key in the parameter groups.
    setting: ClassVar[str] = "lr"

    def __init__(
        self,
        by_epoch: bool = True,
        warmup: str | None = None,
        warmup_iters: int = 0,
        warmup_ratio: float = 0.1,
        warmup_by_epoch: bool = False,
    ) -> None:
        if warmup not in (None, "constant", "linear", "exp"):
            raise ConfigError(
                f"warmup must be 'constant', 'linear', 'exp' or None, got {warmup!r}", key="warmup"
            )
        if warmup is not None and not (warmup_iters > 0 and 0 < warmup_ratio <= 1):
            raise ConfigError(
                "A warm-up needs warmup_iters above 0 and a warmup_ratio between 0 and 1, "
                f"got {warmup_iters!r} and {warmup_ratio!r}",
                key="warmup_iters",
            )
        self.by_epoch = by_epoch
        self.warmup = warmup
        self.warmup_iters: int = warmup_iters
        self.warmup_ratio = warmup_ratio
        self.warmup_by_epoch = warmup_by_epoch
        self.warmup_epochs = warmup_iters if warmup_by_epoch else None
        self.base: list[float] = []
        self.regular: list[float] = []

    # -- the value, which subclasses decide -----------------------------------------------------------

    def value_at(self, runner: Any, base: float) -> float:
        """Return the value at the present epoch or iteration, given the one of the config."""
        raise NotImplementedError(f"{type(self).__name__} says nothing about the value")

    def regular_values(self, runner: Any) -> list[float]:
        """Return the values of all parameter groups without warm-up."""
        return [self.value_at(runner, base) for base in self.base]

    def warmup_values(self, cur_iters: int) -> list[float]:
        """Return the values of all parameter groups during the warm-up."""
        part = cur_iters / self.warmup_iters
        if self.warmup == "constant":
            factor = self.warmup_ratio
        elif self.warmup == "linear":
            factor = 1 - (1 - part) * (1 - self.warmup_ratio)
        else:
            factor = self.warmup_ratio ** (1 - part)
        # Momentum is warmed up in the opposite direction: it starts high.
        return [value / factor if self.setting != "lr" else value * factor for value in self.regular]

    # -- points ---------------------------------------------------------------------------------------

    def before_run(self, runner: Any) -> None:
        """Note the values of the config."""
        groups = runner.optim_wrapper.param_groups
        key = f"initial_{self.setting}"
        for group in groups:
            group.setdefault(key, self._read(group))
        self.base = [group[key] for group in groups]

    def before_train_epoch(self, runner: Any) -> None:
        """Set the values of the epoch."""
        if self.warmup_epochs is not None:
            self.warmup_iters = self.warmup_epochs * len(runner.train_dataloader)
        if self.by_epoch:
            self.regular = self.regular_values(OldRunner.of(runner, None, None, None))
            self._set(runner, self.regular)

    def before_train_iter(
        self, runner: Any, batch_idx: int | None = None, data_batch: Any = None, **_: Any
    ) -> None:
        """Set the values of the iteration, and those of the warm-up."""
        warming = self.warmup is not None and runner.iter < self.warmup_iters
        if not self.by_epoch:
            self.regular = self.regular_values(OldRunner.of(runner, batch_idx, data_batch, None))
        if warming:
            self._set(runner, self.warmup_values(runner.iter))
        elif not self.by_epoch or (self.warmup is not None and runner.iter == self.warmup_iters):
            self._set(runner, self.regular)

    def _set(self, runner: Any, values: list[float]) -> None:
        for group, value in zip(runner.optim_wrapper.param_groups, values):
            if self.setting == "momentum" and "momentum" not in group:
                group["betas"] = (value, *group["betas"][1:])
            else:
                group[self.setting] = value

    def _read(self, group: dict[str, Any]) -> float:
        if self.setting == "momentum" and "momentum" not in group:
            return group["betas"][0]
        return group[self.setting]


class LrUpdaterHook(UpdaterHook):
    """Base of schedules of the learning rate: a subclass overrides :meth:`get_lr`."""

    def get_lr(self, runner: Any, base_lr: float) -> float:
        """Return the learning rate at ``runner.epoch``, or at ``runner.iter`` if not ``self.by_epoch``."""
        raise NotImplementedError(f"{type(self).__name__} must implement get_lr(runner, base_lr)")

    def get_regular_lr(self, runner: Any) -> list[float]:
        """Return the learning rates of all parameter groups without warm-up."""
        return [self.get_lr(runner, base) for base in self.base]

    def get_warmup_lr(self, cur_iters: int) -> list[float]:
        """Return the learning rates of all parameter groups during the warm-up."""
        return super().warmup_values(cur_iters)

    @property
    def base_lr(self) -> list[float]:
        """The learning rates of the config."""
        return self.base

    @property
    def regular_lr(self) -> list[float]:
        """The learning rates without warm-up."""
        return self.regular

    def regular_values(self, runner: Any) -> list[float]:
        """Return what :meth:`get_regular_lr` does."""
        return self.get_regular_lr(runner)

    def warmup_values(self, cur_iters: int) -> list[float]:
        """Return what :meth:`get_warmup_lr` does."""
        return self.get_warmup_lr(cur_iters)


class MomentumUpdaterHook(UpdaterHook):
    """Base of schedules of the momentum: a subclass overrides :meth:`get_momentum`."""

    priority = "HIGH"
    setting = "momentum"

    def get_momentum(self, runner: Any, base_momentum: float) -> float:
        """Return the momentum at ``runner.epoch``, or at ``runner.iter`` if not ``self.by_epoch``."""
        raise NotImplementedError(f"{type(self).__name__} must implement get_momentum(runner, base_momentum)")

    def get_regular_momentum(self, runner: Any) -> list[float]:
        """Return the momentum of all parameter groups without warm-up."""
        return [self.get_momentum(runner, base) for base in self.base]

    def get_warmup_momentum(self, cur_iters: int) -> list[float]:
        """Return the momentum of all parameter groups during the warm-up."""
        return super().warmup_values(cur_iters)

    @property
    def base_momentum(self) -> list[float]:
        """The momentum of the config."""
        return self.base

    @property
    def regular_momentum(self) -> list[float]:
        """The momentum without warm-up."""
        return self.regular

    def regular_values(self, runner: Any) -> list[float]:
        """Return what :meth:`get_regular_momentum` does."""
        return self.get_regular_momentum(runner)

    def warmup_values(self, cur_iters: int) -> list[float]:
        """Return what :meth:`get_warmup_momentum` does."""
        return self.get_warmup_momentum(cur_iters)


def _by_policy(base: type[UpdaterHook], method: str, policy: Callable[..., float], name: str) -> type:
    """Return the hook that follows one of the built-in policies."""
    known = {
        option.name: option.default
        for option in inspect.signature(policy).parameters.values()
        if option.kind is inspect.Parameter.KEYWORD_ONLY
    }
    spelt = {old: new for old, new in OPTIONS.items() if new in known}
    counts_iterations = name.startswith(("Cyclic", "OneCycle"))

    def __init__(self: Any, **kwargs: Any) -> None:
        own = {key: kwargs.pop(key) for key in list(kwargs) if key in known or key in spelt}
        if counts_iterations:
            kwargs.setdefault("by_epoch", False)
        base.__init__(self, **kwargs)
        self.options = {spelt.get(key, key): value for key, value in own.items()}
        for key, default in known.items():  # subclasses read them under their old names
            value = self.options.get(key, None if default is inspect.Parameter.empty else default)
            for attribute in [old for old, new in spelt.items() if new == key] or [key]:
                setattr(self, attribute, value)

    def value(self: Any, runner: Any, base_value: float) -> float:
        at, total = (runner.epoch, runner.max_epochs) if self.by_epoch else (runner.iter, runner.max_iters)
        return policy(base_value, at, total, **self.options)

    body = {"__init__": __init__, method: value, "__module__": __name__, "__doc__": policy.__doc__}
    return type(name, (base,), body)


def _named(
    policies: dict[str, Callable[..., float]], base: type[UpdaterHook], method: str
) -> dict[str, type]:
    suffix = base.__name__
    return {
        (name := f"{policy[0].upper()}{policy[1:]}{suffix}"): _by_policy(base, method, function, name)
        for policy, function in policies.items()
    }


#: The hooks of the built-in policies by name, such as ``StepLrUpdaterHook``.
BUILT_IN = {
    **_named(POLICIES, LrUpdaterHook, "get_lr"),
    **_named(MOMENTUM_POLICIES, MomentumUpdaterHook, "get_momentum"),
}
globals().update(BUILT_IN)
