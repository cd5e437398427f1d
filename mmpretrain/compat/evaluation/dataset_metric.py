"""The metric that leaves evaluation to the data set's own ``evaluate``."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmpretrain.engine import session
from mmpretrain.errors import ConfigError
from mmpretrain.evaluation import BaseMetric
from mmpretrain.evaluation.metrics.base import pick
from mmpretrain.registry import METRICS


@METRICS.register_module()
class DatasetEvaluate(BaseMetric):
    """Calls ``dataset.evaluate(results, ...)`` of a data set class for MMClassification 0.x.

    Args:
        split: ``'val'`` or ``'test'``: whose data set.
        **kwargs: Arguments of ``evaluate``.
    """

    def __init__(self, split: str = "val", **kwargs: Any) -> None:
        super().__init__()
        self.split = split
        self.kwargs = kwargs

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep the scores."""
        self.results += [np.asarray(item["pred_score"]) for item in pick(data_samples, "pred_score")]

    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        """Ask the data set."""
        run = session.current()
        dataset: Any = getattr(run, f"{self.split}_dataloader").dataset
        while not hasattr(dataset, "evaluate") and hasattr(dataset, "dataset"):
            dataset = dataset.dataset
        kwargs = dict(self.kwargs)
        if "logger" in inspect.signature(dataset.evaluate).parameters:
            kwargs.setdefault("logger", run.logger)
        values = dataset.evaluate(results, **kwargs)
        if not isinstance(values, Mapping):
            raise ConfigError(
                f"{type(dataset).__name__}.evaluate must return a dict of values by name, "
                f"got {type(values).__name__}"
            )
        return dict(values)
