"""The 1cycle policy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

from mmpretrain.engine.schedulers.base import INF, HasParamGroups, ParamScheduler, takes_window
from mmpretrain.errors import ConfigError
from mmpretrain.registry import PARAM_SCHEDULERS


def _cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


def _straight(start: float, end: float, part: float) -> float:
    return start + (end - start) * part


ANNEALERS: dict[str, Callable[[float, float, float], float]] = {"cos": _cosine, "linear": _straight}


@PARAM_SCHEDULERS.register_module()
class OneCycleParamScheduler(ParamScheduler):
    """Goes up to a maximum and down to almost nothing (https://arxiv.org/abs/1708.07120).

    Args:
        optimizer: The optimizer, or its wrapper.
        param_name: The setting; only ``'lr'`` makes sense.
        eta_max: The maximum, or one for each group.
        total_steps: Number of steps in the cycle; by default all from ``begin`` to ``end``.
        pct_start: The part of the cycle that is spent going up.
        anneal_strategy: The way from one value to the next.
        div_factor: The first value is the maximum over this.
        final_div_factor: The last value is the first one over this.
        three_phase: Come down to the first value as slowly as it went up, then to the last one.
        begin: First step at which it acts.
        end: The step at which it no longer acts.
        last_step: The last step that it has made.
        **window: See :class:`ParamScheduler`.
    """

    step_arguments = ("total_steps",)

    @takes_window
    def __init__(
        self,
        optimizer: HasParamGroups,
        param_name: str,
        eta_max: float | Sequence[float] = 0,
        total_steps: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        **window: Any,
    ) -> None:
        if param_name != "lr":
            raise ConfigError(f"OneCycle is for the learning rate, not for {param_name!r}", key="param_name")
        if total_steps is not None and (not isinstance(total_steps, int) or total_steps <= 0):
            raise ConfigError(
                f"OneCycle needs a positive number of total_steps, got {total_steps!r}", key="total_steps"
            )
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ConfigError(
                f"pct_start must be a float between 0 and 1, got {pct_start!r}", key="pct_start"
            )
        if anneal_strategy not in ANNEALERS:
            raise ConfigError(
                f"anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}", key="anneal_strategy"
            )
        self.anneal_strategy = anneal_strategy
        self.eta_max = eta_max
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor
        self.total_steps = total_steps or end - begin
        top = pct_start * self.total_steps - 1
        # Each phase: its last step, and the settings of a group from which and to which it goes.
        bottom = self.total_steps - 1
        self.phases = [(top, "initial_lr", "max_lr"), (bottom, "max_lr", "min_lr")]
        if three_phase:
            self.phases[1:] = [(2 * top, "max_lr", "initial_lr"), (bottom, "initial_lr", "min_lr")]
        if last_step == -1:
            self._mark_groups(optimizer)
        super().__init__(optimizer, param_name, begin=begin, end=end, last_step=last_step, **window)

    def _mark_groups(self, optimizer: HasParamGroups) -> None:
        groups = optimizer.param_groups
        each = isinstance(self.eta_max, Sequence)
        maxima = list(self.eta_max) if isinstance(self.eta_max, Sequence) else [self.eta_max] * len(groups)
        if each and len(maxima) != len(groups):
            raise ConfigError(
                f"eta_max has {len(maxima)} values for {len(groups)} parameter groups", key="eta_max"
            )
        for group, maximum in zip(groups, maxima):
            group["max_lr"] = maximum
            group["initial_lr"] = maximum / self.div_factor
            group["min_lr"] = group["initial_lr"] / self.final_div_factor

    def _get_value(self) -> list[float]:
        step = self.last_step
        if step > self.total_steps:
            raise ConfigError(
                f"OneCycle has total_steps={self.total_steps}, but this is step {step + 1}",
                hint="Set total_steps to the length of the run, or 'end' to where the cycle ends.",
                key="total_steps",
            )
        begin = 0.0
        for last, start, target in self.phases:
            if step <= last or last == self.phases[-1][0]:
                part = (step - begin) / (last - begin)
                anneal = ANNEALERS[self.anneal_strategy]
                return [anneal(group[start], group[target], part) for group in self.optimizer.param_groups]
            begin = last
        raise AssertionError("the last phase covers every step")
