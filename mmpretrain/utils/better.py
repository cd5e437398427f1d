"""Which way a metric gets better."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Literal

from mmpretrain.errors import ConfigError

#: Metrics, or parts of their names, of which greater is better.
GREATER = ("acc", "top", "AR@", "auc", "precision", "mAP", "mDice", "mIoU", "mAcc", "aAcc")
#: Metrics, or parts of their names, of which less is better.
LESS = ("loss",)
#: The same for the last part of names such as ``regression/mae``.
GREATER_ENDS = {"balanced_accuracy", "f1-score", "kappa", "mcc", "r2", "recall"}
LESS_ENDS = {"brier", "classwise_ece", "ece", "mae", "nll", "rmse"}


def which_is_better(
    metric: str, greater: Sequence[str] = GREATER, less: Sequence[str] = LESS
) -> Literal["greater", "less"]:
    """Tell from a metric's name which way is better: its whole name first, then parts of it, then its end."""
    name = metric.lower()
    for fits in (operator.eq, operator.contains):
        if any(fits(name, key.lower()) for key in greater):
            return "greater"
        if any(fits(name, key.lower()) for key in less):
            return "less"
    end = name.rpartition("/")[2]
    if end in GREATER_ENDS | LESS_ENDS:
        return "greater" if end in GREATER_ENDS else "less"
    raise ConfigError(
        f"The name of the metric {metric!r} does not say whether greater or less is better",
        hint="Set rule='greater' or 'less'.",
        key="metric",
    )
