"""Finding a learning rate: it rises from step to step until the loss does.

From `Cyclical Learning Rates for Training Neural Networks <https://arxiv.org/abs/1506.01186>`_.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmpretrain.engine.runner.trial import trial
from mmpretrain.errors import ConfigError

#: How much of the mean of earlier losses is kept in 1 of 100 steps, so that single batches do not decide.
SMOOTH = 0.9
#: A loss of so many times the least one is the end.
DIVERGED = 4.0
#: A fall of the smoothed loss counts if it is so many times the noise of single batches: the least of many
#: smoothed losses lies half of that below their mean by chance.
NOISE = 1.2
#: Fewer steps than this tell nothing.
LEAST = 10


@dataclass(frozen=True)
class LrRange:
    """What a range test saw.

    Attributes:
        rates: The learning rate of each step, (N,).
        losses: The loss of each step, (N,); the last one may not be finite.
        smooth: The mean of losses so far, (N,).
        suggestion: Where the loss falls most steeply; None if it never falls.
        largest: From where on it rises, the limit of what can be trained with.
    """

    rates: np.ndarray
    losses: np.ndarray
    smooth: np.ndarray
    suggestion: float | None
    largest: float


def lr_range(
    cfg: Any,
    low: float = 1e-6,
    high: float = 1.0,
    steps: int = 100,
    *,
    device: str | None = None,
    workers: int | None = None,
    watch: Callable[[Iterable[int]], Iterable[int]] | None = None,
) -> LrRange:
    """Train with a rising learning rate; nothing is written, and the config is not changed.

    Groups of parameters keep their ratios to ``optim_wrapper.optimizer.lr``.

    Args:
        cfg: The config.
        low: Learning rate of the first step.
        high: Learning rate of the last one, unless the loss diverges before.
        steps: Number of steps.
        device: Where to run.
        workers: Number of data workers.
        watch: Goes through the steps and shows how far it is.

    Raises:
        ConfigError: If the range or the config cannot be used.
    """
    if not 0 < low < high or steps < LEAST:
        raise ConfigError(
            f"the learning rate cannot rise from {low:g} to {high:g} in {steps} steps",
            where="--min, --max, --steps",
            hint=f"Take a number above 0, a larger one, and {LEAST} steps at least.",
        )
    rates, losses, smooth = [], [], []
    with trial(cfg, device, workers=workers) as run:
        groups = run.wrapper.optimizer.param_groups
        base = (
            float(run.wrapper.base_param_settings["lr"])
            if run.wrapper.base_param_settings
            else groups[0]["lr"]
        )
        ratios = [group["lr"] / base if base else 1.0 for group in groups]
        mean, batches, kept = 0.0, run.batches(), SMOOTH ** (100 / steps)
        for step in range(steps) if watch is None else watch(range(steps)):
            rate = low * (high / low) ** (step / (steps - 1))
            for group, ratio in zip(groups, ratios):
                group["lr"] = rate * ratio
            loss = run.step(next(batches))
            rates.append(rate)
            losses.append(loss)
            mean = kept * mean + (1 - kept) * loss if math.isfinite(loss) else math.inf
            smooth.append(mean / (1 - kept ** (step + 1)))
            if not math.isfinite(loss) or (step > LEAST and smooth[-1] > DIVERGED * min(smooth)):
                break
    return judge(np.array(rates), np.array(losses), np.array(smooth))


def judge(rates: np.ndarray, losses: np.ndarray, smooth: np.ndarray) -> LrRange:
    """Find the steepest fall of the smoothed loss before its least value.

    Args:
        rates: The learning rates, (N,), rising.
        losses: The losses, (N,).
        smooth: The smoothed losses, (N,).
    """
    curve = np.where(np.isfinite(smooth), smooth, np.inf)
    first = LEAST if len(curve) > 2 * LEAST else 0  # before, the mean is one of few batches
    best = first + int(curve[first:].argmin())
    suggestion = None
    if best >= 2 and _falls(losses[: best + 1], curve[: best + 1]):
        reach = max(1, len(rates) // 20)  # a slope is one over a tenth of the steps
        places = np.arange(min(LEAST, best // 2), best + 1)
        before, after = np.maximum(places - reach, 0), np.minimum(places + reach, best)
        slope = (curve[after] - curve[before]) / np.log(rates[after] / rates[before])
        suggestion = float(rates[places[slope.argmin()]]) if slope.min() < 0 else None
    return LrRange(rates, losses, smooth, suggestion, float(rates[best]))


def _falls(losses: np.ndarray, curve: np.ndarray) -> bool:
    """Whether a smoothed loss falls by more than batches differ from each other."""
    noise = np.diff(losses).std() / math.sqrt(2)
    start = losses[: max(LEAST, len(losses) // 2)].mean()
    return bool(start - curve[-1] > NOISE * noise)
