"""The curves of ``lr_config`` and ``momentum_config`` in configs for MMCV 1.x.

Each policy is a function of the initial value, the step and the number of steps (in the unit that it counts
in) to the value at that step. Their names are those that ``lr_config.policy`` takes.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Literal

from mmpretrain.errors import ConfigError


def annealing_cos(start: float, end: float, part: float, weight: float = 1.0) -> float:
    """Return the value at a part of the way from ``start`` to ``end`` along half a cosine wave."""
    return end + 0.5 * weight * (start - end) * (1 + math.cos(math.pi * part))


def annealing_linear(start: float, end: float, part: float) -> float:
    """Return the value at a part of the way from ``start`` to ``end``."""
    return start + (end - start) * part


_ANNEAL: dict[str, Callable[[float, float, float], float]] = {
    "cos": annealing_cos,
    "linear": annealing_linear,
}


def _floor(base: float, minimum: float | None, minimum_ratio: float | None) -> float:
    if minimum_ratio is not None:
        return base * minimum_ratio
    if minimum is None:
        raise ConfigError(
            "This policy needs either a minimum or the ratio of the minimum to the initial value"
        )
    return minimum


def fixed(base: float, at: int, total: int) -> float:
    """Keep the initial value."""
    return base


def step(
    base: float,
    at: int,
    total: int,
    *,
    step: int | Sequence[int],
    gamma: float = 0.1,
    minimum: float | None = None,
) -> float:
    """Multiply by ``gamma`` every ``step`` steps, or at the given steps, down to ``minimum``."""
    times = at // step if isinstance(step, int) else bisect_right(step, at)
    value = base * gamma**times
    return value if minimum is None else max(value, minimum)


def exp(base: float, at: int, total: int, *, gamma: float) -> float:
    """Multiply by ``gamma`` at each step."""
    return base * gamma**at


def poly(base: float, at: int, total: int, *, power: float = 1.0, minimum: float = 0.0) -> float:
    """Go down to ``minimum`` along a power of the remaining part."""
    return (base - minimum) * (1 - at / total) ** power + minimum


def inv(base: float, at: int, total: int, *, gamma: float, power: float = 1.0) -> float:
    """Go down with the inverse of the step."""
    return base * (1 + gamma * at) ** -power


def cosine_annealing(
    base: float, at: int, total: int, *, minimum: float | None = None, minimum_ratio: float | None = None
) -> float:
    """Go down along half a cosine wave."""
    return annealing_cos(base, _floor(base, minimum, minimum_ratio), at / total)


def linear_annealing(
    base: float, at: int, total: int, *, minimum: float | None = None, minimum_ratio: float | None = None
) -> float:
    """Go down along a line."""
    return annealing_linear(base, _floor(base, minimum, minimum_ratio), at / total)


def flat_cosine_annealing(
    base: float,
    at: int,
    total: int,
    *,
    start_percent: float = 0.75,
    minimum: float | None = None,
    minimum_ratio: float | None = None,
) -> float:
    """Keep the initial value for a part of the run, then go down along half a cosine wave."""
    start = round(total * start_percent)
    if at < start:
        return base
    return annealing_cos(base, _floor(base, minimum, minimum_ratio), (at - start) / (total - start))


def cosine_annealing_cooldown(
    base: float,
    at: int,
    total: int,
    *,
    cool_down_ratio: float = 0.1,
    cool_down_time: int = 10,
    minimum: float | None = None,
    minimum_ratio: float | None = None,
) -> float:
    """Go down along half a cosine wave, then stay below its end for the last ``cool_down_time`` steps."""
    end = total - cool_down_time
    floor = _floor(base, minimum, minimum_ratio)
    return floor * cool_down_ratio if at > end else annealing_cos(base, floor, at / end)


def cosine_restart(
    base: float,
    at: int,
    total: int,
    *,
    periods: Sequence[int],
    restart_weights: Sequence[float] = (1,),
    minimum: float | None = None,
    minimum_ratio: float | None = None,
) -> float:
    """Go down along half a cosine wave in each period; each restarts at a weighted initial value."""
    if len(periods) != len(restart_weights):
        raise ConfigError(
            f"There are {len(periods)} periods, but {len(restart_weights)} restart_weights", key="periods"
        )
    ends = list(accumulate(periods))
    if at >= ends[-1]:
        raise ConfigError(
            f"The periods {list(periods)} end at step {ends[-1]}, but the run has {total} steps",
            key="periods",
        )
    index = bisect_right(ends, at)
    part = (at - (ends[index] - periods[index])) / periods[index]
    return annealing_cos(base, _floor(base, minimum, minimum_ratio), min(part, 1), restart_weights[index])


def cyclic(
    base: float,
    at: int,
    total: int,
    *,
    target_ratio: float | Sequence[float] = (10, 1e-4),
    cyclic_times: int = 1,
    step_ratio_up: float = 0.4,
    anneal_strategy: Literal["cos", "linear"] = "cos",
    gamma: float = 1.0,
) -> float:
    """Go up to a multiple of the initial value and down to another, several times."""
    ratios = [target_ratio] if isinstance(target_ratio, (int, float)) else list(target_ratio)
    high, low = ratios if len(ratios) == 2 else (ratios[0], ratios[0] / 1e5)
    length = total // cyclic_times
    cycle, inside = divmod(at, length)
    scale = gamma**cycle
    top = int(step_ratio_up * length)
    if inside < top:
        part, first, last = inside / top, 1.0, 1 - scale + high * scale
    elif top:
        part, first, last = (inside - top) / (length - top), 1 - scale + high * scale, low
    else:  # a cycle without a way up shrinks towards the initial value at its end
        part, first, last = inside / length, high, 1 - scale + low * scale
    return _ANNEAL[anneal_strategy](base * first, base * last, part)


def _one_cycle(
    at: int, total: int, values: Sequence[float], *, pct_start: float, anneal_strategy: str
) -> float:
    """Go from each value to the next; the last phase lasts till the end, the others a part of the run."""
    start = 0.0
    phases = len(values) - 1
    for phase in range(phases):
        end = total - 1 if phase == phases - 1 else (phase + 1) * (pct_start * total - 1)
        if at <= end or phase == phases - 1:
            part = (at - start) / (end - start)
            return _ANNEAL[anneal_strategy](values[phase], values[phase + 1], part)
        start = end
    raise AssertionError("a cycle has at least two values")


def one_cycle(
    base: float,
    at: int,
    total: int,
    *,
    maximum: float,
    total_steps: int | None = None,
    pct_start: float = 0.3,
    anneal_strategy: Literal["cos", "linear"] = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> float:
    """Go up to ``maximum`` and down to almost nothing; the initial value plays no part."""
    if total_steps is not None and total_steps < total:
        raise ConfigError(
            f"total_steps={total_steps} is less than the {total} iterations of the run", key="total_steps"
        )
    low = maximum / div_factor
    values = (
        [low, maximum, low, low / final_div_factor] if three_phase else [low, maximum, low / final_div_factor]
    )
    return _one_cycle(at, total_steps or total, values, pct_start=pct_start, anneal_strategy=anneal_strategy)


def one_cycle_momentum(
    base: float,
    at: int,
    total: int,
    *,
    base_momentum: float = 0.85,
    max_momentum: float = 0.95,
    pct_start: float = 0.3,
    anneal_strategy: Literal["cos", "linear"] = "cos",
    three_phase: bool = False,
) -> float:
    """Go down from ``max_momentum`` while the learning rate goes up, and back."""
    values = [max_momentum, base_momentum, max_momentum]
    if three_phase:
        values.append(max_momentum)
    return _one_cycle(at, total, values, pct_start=pct_start, anneal_strategy=anneal_strategy)


#: By the value of ``policy``; MMCV also takes the names that are all in lower case with a capital.
POLICIES: dict[str, Callable[..., float]] = {
    "fixed": fixed,
    "step": step,
    "exp": exp,
    "poly": poly,
    "inv": inv,
    "CosineAnnealing": cosine_annealing,
    "FlatCosineAnnealing": flat_cosine_annealing,
    "CosineAnnealingCooldown": cosine_annealing_cooldown,
    "CosineRestart": cosine_restart,
    "LinearAnnealing": linear_annealing,
    "cyclic": cyclic,
    "OneCycle": one_cycle,
}
#: Policies that are another curve for momentum.
MOMENTUM_POLICIES = {**POLICIES, "OneCycle": one_cycle_momentum}
#: Options of policies: name in ``lr_config`` and ``momentum_config`` -> name of the argument.
OPTIONS = {
    "min_lr": "minimum",
    "min_lr_ratio": "minimum_ratio",
    "min_momentum": "minimum",
    "min_momentum_ratio": "minimum_ratio",
    "max_lr": "maximum",
}
