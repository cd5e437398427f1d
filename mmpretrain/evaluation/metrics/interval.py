"""Confidence intervals of the values of another metric."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from mmpretrain.evaluation.functional.resampling import check_bootstrap, percentiles, resample
from mmpretrain.evaluation.metrics.base import BaseMetric, Device
from mmpretrain.evaluation.metrics.columns import Columns
from mmpretrain.registry import METRICS


@METRICS.register_module()
class ConfidenceInterval(BaseMetric):
    """Reports a metric, and for each of its numbers ``..._low`` and ``..._high``.

    The samples are drawn with replacement, many times, and the metric is computed each time.

    Args:
        metric: A metric or its config; one whose values come from items of single samples.
        resamples: How often to draw.
        level: Share of the draws that lie in the interval.
        seed: Seed of the draws.
        collect_device: See :class:`BaseMetric`.
        prefix: Put before each name; by default that of the metric.

    Example:
        >>> test_evaluator = dict(type='ConfidenceInterval', metric=dict(type='Accuracy'), resamples=500)
    """

    def __init__(
        self,
        metric: Mapping[str, Any] | BaseMetric,
        resamples: int = 1000,
        level: float = 0.95,
        seed: int = 0,
        collect_device: Device = "cpu",
        prefix: str | None = None,
    ) -> None:
        check_bootstrap(resamples, level)
        self.metric: BaseMetric = METRICS.build(metric)
        super().__init__(collect_device=collect_device, prefix=prefix or self.metric.prefix)
        self.resamples, self.level, self.seed = resamples, level, seed

    @property
    def dataset_meta(self) -> Mapping[str, Any] | None:
        """Meta information of the data set; setting it tells the metric."""
        return self.metric.dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: Mapping[str, Any] | None) -> None:
        self.metric.dataset_meta = dataset_meta

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep what the metric keeps."""
        self.metric.process(data_batch, data_samples)
        self.results += self.metric.results
        self.metric.results = []

    def compute_metrics(self, results: list[Any] | Columns) -> dict[str, Any]:
        """Return the values of the metric, and the ends of the interval of each number."""
        values = self.metric.compute_metrics(results)
        draws: dict[str, list[float]] = defaultdict(list)
        for index in resample(len(results), self.resamples, self.seed):
            if isinstance(results, Columns):
                drawn = self.metric.compute_metrics(results.take(index))
            else:
                drawn = self.metric.compute_metrics([results[i] for i in index.tolist()])
            for name, value in drawn.items():
                if isinstance(value, float):
                    draws[name].append(value)
        named: dict[str, Any] = {}
        for name, value in values.items():
            named[name] = value
            if name in draws:
                named[f"{name}_low"], named[f"{name}_high"] = percentiles(draws[name], self.level)
        return named
