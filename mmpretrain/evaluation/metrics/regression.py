"""Metrics of regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmpretrain.evaluation.functional.inputs import ArrayLike
from mmpretrain.evaluation.functional.regression import (
    mean_absolute_error,
    r2_score,
    root_mean_squared_error,
)
from mmpretrain.evaluation.metrics.base import BaseMetric, Device, pick
from mmpretrain.evaluation.metrics.scored import check_chosen
from mmpretrain.registry import METRICS


@METRICS.register_module()
class RegressionMetric(BaseMetric):
    """Errors of predicted values, in their unit, and the share of the variance that is explained.

    Args:
        items: Which values to report: ``'mae'`` (mean absolute error), ``'rmse'`` (root mean squared error),
            ``'r2'`` (NaN for fewer than two samples).
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.
    """

    default_prefix = "regression"
    ITEMS = ("mae", "rmse", "r2")

    def __init__(
        self, items: Sequence[str] = ITEMS, collect_device: Device = "cpu", prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.items = check_chosen(items, self.ITEMS)

    @classmethod
    def calculate(cls, pred: ArrayLike, target: ArrayLike, items: Sequence[str] = ITEMS) -> dict[str, float]:
        """Return the items for predictions that are given directly.

        Args:
            pred: (N,), or (N, D) for D values per sample.
            target: The same shape.
            items: See the class.
        """
        functions = {"mae": mean_absolute_error, "rmse": root_mean_squared_error, "r2": r2_score}
        chosen = check_chosen(items, cls.ITEMS)
        if len(pred) < 2:
            functions["r2"] = lambda pred, target: torch.tensor(torch.nan)
        return {item: functions[item](pred, target).item() for item in chosen}

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep the predicted and the right values (D,) of each sample."""
        self.results += pick(data_samples, "pred_value", "gt_value")

    def compute_metrics(self, results: list[dict[str, Tensor]]) -> dict[str, float]:
        """Return the items asked for."""
        pred, target = (torch.stack([row[key] for row in results]) for key in ("pred_value", "gt_value"))
        return self.calculate(pred, target, self.items)
