"""Stopping when a metric no longer gets better."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, Literal

from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.errors import ConfigError, TrainingError
from mmpretrain.registry import HOOKS
from mmpretrain.utils.better import which_is_better

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

logger = logging.getLogger("mmpretrain")


@HOOKS.register_module()
class EarlyStoppingHook(Hook):
    """Ends the training when a metric has not got better for ``patience`` validations.

    Args:
        monitor: The metric, such as ``'accuracy/top1'``.
        rule: Whether a greater or a smaller value is better; by default its name tells.
        min_delta: The smallest change that counts as improvement.
        strict: Fail if a validation has no such metric, rather than warn.
        check_finite: End the training, too, when the metric is infinite or not a number.
        patience: Number of validations without improvement that are tolerated.
        stopping_threshold: End the training when the metric is better than this.
    """

    priority = "LOWEST"

    def __init__(
        self,
        monitor: str,
        rule: Literal["greater", "less"] | None = None,
        min_delta: float = 0.1,
        strict: bool = False,
        check_finite: bool = True,
        patience: int = 5,
        stopping_threshold: float | None = None,
    ) -> None:
        if rule not in (None, "greater", "less"):
            raise ConfigError(f"rule must be 'greater' or 'less', got {rule!r}", key="rule")
        self.monitor = monitor
        self.rule = rule or which_is_better(monitor)
        self.min_delta = min_delta
        self.strict = strict
        self.check_finite = check_finite
        self.patience = patience
        self.stopping_threshold = stopping_threshold
        self.wait_count = 0
        self.best_score = -math.inf if self.rule == "greater" else math.inf

    def before_train(self, runner: Session) -> None:
        if not hasattr(runner.train_loop, "stop_training"):
            raise ConfigError(
                f"{type(runner.train_loop).__name__} cannot be stopped: it has no stop_training"
            )

    def after_val_epoch(self, runner: Session, metrics: dict[str, float] | None = None) -> None:
        metrics = metrics or {}
        if self.monitor not in metrics:
            message = f"EarlyStoppingHook watches {self.monitor!r}, but the metrics are: {', '.join(metrics)}"
            if self.strict:
                raise TrainingError(message, hint="Set 'monitor' to one of them.")
            logger.warning(message)
            return
        reason = self._reason_to_stop(metrics[self.monitor])
        if reason is not None:
            if runner.state.training:
                runner.train_loop.stop_training = True
            logger.info("Training stops: %s", reason)

    def _reason_to_stop(self, score: float) -> str | None:
        sign = 1 if self.rule == "greater" else -1
        if self.check_finite and not math.isfinite(score):
            return f"{self.monitor} is {score}; the best so far is {self.best_score:.3f}."
        if self.stopping_threshold is not None and sign * score > sign * self.stopping_threshold:
            self.best_score = score
            return f"{self.monitor} = {score} is {self.rule} than {self.stopping_threshold}."
        if sign * score >= sign * self.best_score + self.min_delta:
            self.best_score = score
            self.wait_count = 0
            return None
        self.wait_count += 1
        if self.wait_count < self.patience:
            return None
        return (
            f"{self.monitor} has not got better for {self.wait_count} validations than {self.best_score:.3f}."
        )

    def state_dict(self) -> dict[str, Any]:
        """Return the best value, and for how long it has been the best."""
        return {"best_score": self.best_score, "wait_count": self.wait_count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned."""
        self.best_score = state["best_score"]
        self.wait_count = state["wait_count"]
