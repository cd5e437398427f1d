"""Reducing a setting when a metric stops getting better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from mmpretrain.engine.schedulers.base import HasParamGroups, ParamScheduler, takes_window
from mmpretrain.errors import ConfigError
from mmpretrain.registry import PARAM_SCHEDULERS
from mmpretrain.utils.suggest import did_you_mean


@PARAM_SCHEDULERS.register_module()
class ReduceOnPlateauParamScheduler(ParamScheduler):
    """Multiplies by ``factor`` when a metric has not got better for ``patience`` validations.

    Args:
        optimizer: The optimizer, or its wrapper.
        param_name: The setting.
        monitor: The metric.
        rule: Whether a smaller or a greater metric is better.
        factor: The factor, below 1.
        patience: Number of validations without improvement that are tolerated.
        threshold: The smallest change that counts as improvement.
        threshold_rule: Whether ``threshold`` is relative to the best value or absolute.
        cooldown: Number of validations after a change that do not count.
        min_value: The smallest value, or one for each group.
        eps: A change smaller than this is not made.
        by_epoch: Must be true.
        **window: See :class:`ParamScheduler`.
    """

    need_val_args = True

    @takes_window
    def __init__(
        self,
        optimizer: HasParamGroups,
        param_name: str,
        monitor: str = "loss",
        rule: Literal["less", "greater"] = "less",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_rule: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_value: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
        by_epoch: bool = True,
        **window: Any,
    ) -> None:
        if not by_epoch:
            raise ConfigError(
                f"{type(self).__name__} acts after validations: by_epoch must be True", key="by_epoch"
            )
        if factor >= 1:
            raise ConfigError(f"{type(self).__name__} needs a factor below 1, got {factor}", key="factor")
        if threshold < 0:
            raise ConfigError(f"threshold must not be negative, got {threshold}", key="threshold")
        if rule not in ("less", "greater"):
            raise ConfigError(f"rule must be 'less' or 'greater', got {rule!r}", key="rule")
        if threshold_rule not in ("rel", "abs"):
            raise ConfigError(
                f"threshold_rule must be 'rel' or 'abs', got {threshold_rule!r}", key="threshold_rule"
            )
        self.monitor = monitor
        self.rule = rule
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_rule = threshold_rule
        self.cooldown = cooldown
        self.eps = eps
        self.best = math.inf if rule == "less" else -math.inf
        self.num_bad_epochs = 0
        self.cooldown_counter = 0
        self.min_values = self._minima(optimizer, min_value)
        super().__init__(optimizer, param_name, by_epoch=by_epoch, **window)

    @staticmethod
    def _minima(optimizer: HasParamGroups, min_value: float | Sequence[float]) -> list[float]:
        count = len(optimizer.param_groups)
        if not isinstance(min_value, Sequence):
            return [min_value] * count
        # A wrapper shows one group more than its optimizer has: the settings that groups deviate from.
        own = len(getattr(optimizer, "optimizer", optimizer).param_groups)
        if len(min_value) != own:
            raise ConfigError(
                f"min_value has {len(min_value)} values for {own} parameter groups", key="min_value"
            )
        return [*min_value, *[min_value[-1]] * (count - own)]

    def step(self, metrics: dict[str, float] | None = None) -> None:
        """Continue by one epoch, or, with metrics, judge a validation.

        Args:
            metrics: Metrics of a validation by name.
        """
        if metrics is None:
            self._global_step += 1
        elif self.begin <= self._global_step < self.end:
            if self.monitor not in metrics:
                raise ConfigError(
                    f"{type(self).__name__} watches {self.monitor!r}, which the validation does not report",
                    hint=did_you_mean(self.monitor, metrics) or f"It reports: {', '.join(metrics)}.",
                    key="monitor",
                )
            self.last_step += 1
            self._judge(metrics[self.monitor])
        self._last_value = [group[self.param_name] for group in self.optimizer.param_groups]

    def _judge(self, metric: float) -> None:
        if self._is_better(metric):
            self.best = metric
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0

    def _reduce(self) -> None:
        old = [float(group[self.param_name]) for group in self.optimizer.param_groups]
        new = [max(value * self.factor, low) for value, low in zip(old, self.min_values)]
        self._set_values([b if a - b > self.eps else a for a, b in zip(old, new)])

    def _is_better(self, metric: float) -> bool:
        sign = -1 if self.rule == "less" else 1
        margin = sign * self.threshold
        bound = self.best * (1 + margin) if self.threshold_rule == "rel" else self.best + margin
        return sign * metric > sign * bound
