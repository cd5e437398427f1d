"""The curves that a setting of an optimizer can follow.

Each class holds one formula, :meth:`next_value`. The classes that configs name (``CosineAnnealingLR``,
``LinearMomentum``, ...) are made of them in :mod:`mmpretrain.engine.schedulers.families`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from mmpretrain.engine.schedulers.base import INF, HasParamGroups, ParamScheduler, takes_window
from mmpretrain.errors import ConfigError
from mmpretrain.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class StepParamScheduler(ParamScheduler):
    """Multiplies by ``gamma`` every ``step_size`` steps.

    Args:
        optimizer: The optimizer, or its wrapper.
        param_name: The setting.
        step_size: Number of steps between two changes.
        gamma: The factor.
        **window: See :class:`ParamScheduler`.
    """

    step_arguments = ("step_size",)

    @takes_window
    def __init__(
        self,
        optimizer: HasParamGroups,
        param_name: str,
        step_size: int,
        gamma: float = 0.1,
        **window: Any,
    ) -> None:
        if step_size < 1:
            raise ConfigError(f"step_size must be at least 1, got {step_size}", key="step_size")
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, param_name, **window)

    def next_value(self, value: float, base: float) -> float:
        due = self.last_step > 0 and self.last_step % self.step_size == 0
        return value * self.gamma if due else value


@PARAM_SCHEDULERS.register_module()
class MultiStepParamScheduler(ParamScheduler):
    """Multiplies by ``gamma`` at each milestone.

    Args:
        optimizer: The optimizer, or its wrapper.
        param_name: The setting.
        milestones: Steps; one that is given twice counts twice.
        gamma: The factor.
        **window: See :class:`ParamScheduler`.
    """

    step_arguments = ("milestones",)

    @takes_window
    def __init__(
        self,
        optimizer: HasParamGroups,
        param_name: str,
        milestones: Sequence[int],
        gamma: float = 0.1,
        **window: Any,
    ) -> None:
        if not isinstance(milestones, Sequence):
            raise ConfigError(f"milestones must be a list of steps, got {milestones!r}", key="milestones")
        self.milestones = dict(Counter(milestones))
        self.gamma = gamma
        super().__init__(optimizer, param_name, **window)

    def next_value(self, value: float, base: float) -> float:
        return value * self.gamma ** self.milestones.get(self.last_step, 0)


@PARAM_SCHEDULERS.register_module()
class ExponentialParamScheduler(ParamScheduler):
    """Multiplies by ``gamma`` at every step.

    Args:
        optimizer: The optimizer, or its wrapper.
        param_name: The setting.
        gamma: The factor.
        **window: See :class:`ParamScheduler`.
    """

    @takes_window
    def __init__(self, optimizer: HasParamGroups, param_name: str, gamma: float, **window: Any) -> None:
        self.gamma = gamma
        super().__init__(optimizer, param_name, **window)

    def next_value(self, value: float, base: float) -> float:
        return value if self.last_step == 0 else value * self.gamma


@PARAM_SCHEDULERS.register_module()
class ConstantParamScheduler(ParamScheduler):
    """Multiplies by ``factor`` until the last step before ``end``.

    Args:
        optimizer: The optimizer, or its wrapper.
        param_name: The setting.
        factor: The factor, between 0 and 1.
        **window: See :class:`ParamScheduler`.
    """

    @takes_window
    def __init__(
        self,
        optimizer: HasParamGroups,
        param_name: str,
        factor: float = 1 / 3,
        **window: Any,
    ) -> None:
        self.factor = _fraction("factor", factor)
        super().__init__(optimizer, param_name, **window)

    def next_value(self, value: float, base: float) -> float:
        if self.last_step == 0:
            return value * self.factor
        if self.last_step == self._final_step:
            return value / self.factor if self.factor else base
        return value


@PARAM_SCHEDULERS.register_module()
class LinearParamScheduler(ParamScheduler):
    """Multiplies by a factor that goes from ``start_factor`` to ``end_factor`` in a straight line.

    Args:
        optimizer: The optimizer, or its wrapper.
        param_name: The setting.
        start_factor: The factor at ``begin``, between 0 and 1.
        end_factor: The factor at the last step before ``end``, between 0 and 1.
        **window: See :class:`ParamScheduler`.
    """

    @takes_window
    def __init__(
        self,
        optimizer: HasParamGroups,
        param_name: str,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        **window: Any,
    ) -> None:
        self.start_factor = _fraction("start_factor", start_factor)
        self.end_factor = _fraction("end_factor", end_factor)
        super().__init__(optimizer, param_name, **window)

    def _factor(self, step: int) -> float:
        if step == 0:
            return self.start_factor
        return self.start_factor + (self.end_factor - self.start_factor) * step / self._final_step

    def next_value(self, value: float, base: float) -> float:
        if self.last_step == 0:
            return value * self.start_factor
        before = self._factor(self.last_step - 1)
        now = self._factor(self.last_step)
        return value * now / before if before else base * now


@PARAM_SCHEDULERS.register_module()
class PolyParamScheduler(ParamScheduler):
    """Goes down to ``eta_min`` as a power of the steps that are left.

    Args:
        optimizer: The optimizer, or its wrapper.
        param_name: The setting.
        eta_min: The last value.
        power: The power; 1 is a straight line.
        **window: See :class:`ParamScheduler`.
    """

    @takes_window
    def __init__(
        self,
        optimizer: HasParamGroups,
        param_name: str,
        eta_min: float = 0,
        power: float = 1.0,
        **window: Any,
    ) -> None:
        self.eta_min = eta_min
        self.power = power
        super().__init__(optimizer, param_name, **window)

    def next_value(self, value: float, base: float) -> float:
        if self.last_step == 0:
            return value
        left = self._final_step - self.last_step
        return self.eta_min + (value - self.eta_min) * (left / (left + 1)) ** self.power


@PARAM_SCHEDULERS.register_module()
class CosineAnnealingParamScheduler(ParamScheduler):
    """Goes down to a minimum along half a cosine wave (https://arxiv.org/abs/1608.03983), and up again.

    Args:
        optimizer: The optimizer, or its wrapper.
        param_name: The setting.
        T_max: Number of steps down; by default all from ``begin`` to ``end``.
        eta_min: The minimum; 0 by default.
        begin: First step at which it acts.
        end: The step at which it no longer acts.
        eta_min_ratio: The minimum as a fraction of the initial value, instead of ``eta_min``.
        **window: See :class:`ParamScheduler`.
    """

    step_arguments = ("T_max",)

    @takes_window
    def __init__(
        self,
        optimizer: HasParamGroups,
        param_name: str,
        T_max: int | None = None,
        eta_min: float | None = None,
        begin: int = 0,
        end: int = INF,
        eta_min_ratio: float | None = None,
        **window: Any,
    ) -> None:
        self.T_max = T_max or end - begin
        self.eta_min, self.eta_min_ratio = _one_minimum(eta_min, eta_min_ratio)
        super().__init__(optimizer, param_name, begin=begin, end=end, **window)

    def next_value(self, value: float, base: float) -> float:
        minimum = self.eta_min if self.eta_min is not None else base * self.eta_min_ratio
        step = self.last_step
        if step > 0 and (step - 1 - self.T_max) % (2 * self.T_max) == 0:
            # At the minimum there is no value to multiply: the rise starts from the initial value.
            return value + (base - minimum) * (1 - math.cos(math.pi / self.T_max)) / 2
        return minimum + (value - minimum) * _cosine_ratio(step, self.T_max) if step > 0 else value


@PARAM_SCHEDULERS.register_module()
class CosineRestartParamScheduler(ParamScheduler):
    """Goes down along half a cosine wave several times (SGDR, https://arxiv.org/abs/1608.03983).

    Args:
        optimizer: The optimizer, or its wrapper.
        param_name: The setting.
        periods: Number of steps of each wave.
        restart_weights: For each wave, the fraction of the initial value from which it starts.
        eta_min: The minimum; 0 by default.
        eta_min_ratio: The minimum as a fraction of the initial value, instead of ``eta_min``.
        **window: See :class:`ParamScheduler`.
    """

    step_arguments = ("periods",)

    @takes_window
    def __init__(
        self,
        optimizer: HasParamGroups,
        param_name: str,
        periods: Sequence[int],
        restart_weights: Sequence[float] = (1,),
        eta_min: float | None = None,
        eta_min_ratio: float | None = None,
        **window: Any,
    ) -> None:
        if len(periods) != len(restart_weights):
            raise ConfigError(
                f"CosineRestart needs as many restart_weights as periods, got {len(restart_weights)} weights "
                f"and {len(periods)} periods",
                key="restart_weights",
            )
        self.periods = list(periods)
        self.restart_weights = list(restart_weights)
        self.eta_min, self.eta_min_ratio = _one_minimum(eta_min, eta_min_ratio)
        self.cumulative_periods = list(accumulate(self.periods))
        super().__init__(optimizer, param_name, **window)

    def next_value(self, value: float, base: float) -> float:
        wave = bisect_right(self.cumulative_periods, self.last_step)
        if wave == len(self.periods):
            return value
        step = self.last_step - (self.cumulative_periods[wave] - self.periods[wave])
        if step == 0:
            return base * self.restart_weights[wave]
        minimum = self.eta_min if self.eta_min is not None else base * self.eta_min_ratio
        return minimum + (value - minimum) * _cosine_ratio(step, self.periods[wave])


def _cosine_ratio(step: int, period: float) -> float:
    """How much of the way to the minimum is left at ``step``, relative to the step before."""
    now = 1 + math.cos(math.pi * step / period)
    return now / (1 + math.cos(math.pi * (step - 1) / period))


def _one_minimum(eta_min: float | None, eta_min_ratio: float | None) -> tuple[float | None, float]:
    if eta_min is not None and eta_min_ratio is not None:
        raise ConfigError(
            f"Give eta_min or eta_min_ratio, not both: got {eta_min} and {eta_min_ratio}", key="eta_min"
        )
    if eta_min_ratio is None:
        return (0.0 if eta_min is None else eta_min), 0.0
    return None, eta_min_ratio


def _fraction(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ConfigError(f"{name} must lie between 0 and 1, got {value}", key=name)
    return value
