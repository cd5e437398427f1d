"""Metrics of several tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.metrics.base import BaseMetric, Device, drop_last
from mmpretrain.registry import METRICS
from mmpretrain.utils.dist import all_gather_object, get_dist_info


@METRICS.register_module()
class MultiTasksMetric(BaseMetric):
    """Runs metrics for each task, on the samples that have labels for it.

    Args:
        task_metrics: Metrics, or their configs, by the name of the task.
        collect_device: See :class:`BaseMetric`.
    """

    def __init__(
        self,
        task_metrics: Mapping[str, Sequence[Mapping[str, Any] | BaseMetric]],
        collect_device: Device = "cpu",
    ) -> None:
        super().__init__(collect_device=collect_device)
        self.task_metrics = task_metrics
        self._metrics: dict[str, list[BaseMetric]] = {
            task: [METRICS.build(metric) for metric in metrics] for task, metrics in task_metrics.items()
        }

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Hand the fields of each task to its metrics."""
        for sample in data_samples:
            self.results.append({task for task in self._metrics if sample[task]["eval_mask"]})
        for task, metrics in self._metrics.items():
            fields = [sample[task] for sample in data_samples if sample[task]["eval_mask"]]
            for metric in metrics if fields else ():
                metric.process(data_batch, fields)

    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        """Not used: each metric computes its own values."""
        raise NotImplementedError("MultiTasksMetric has no results of its own; call evaluate()")

    def evaluate(self, size: int) -> dict[str, Any]:
        """Return the values of all metrics as ``'{task}_{name}'``; 0 for a metric without samples.

        Args:
            size: Length of the data set.
        """
        rank, world = get_dist_info()
        self._drop_last(len(self.results) - len(range(rank, size, world)))
        return self._values()

    def _values(self) -> dict[str, Any]:
        counts = [sum(task in tasks for tasks in self.results) for task in self._metrics]
        totals = [sum(column) for column in zip(*all_gather_object(counts))]
        self.results.clear()
        values: dict[str, Any] = {}
        for (task, metrics), total in zip(self._metrics.items(), totals):
            for metric in metrics:
                if isinstance(metric, MultiTasksMetric):
                    own = metric._values()  # pyright: ignore[reportAttributeAccessIssue]
                else:
                    own = metric.evaluate(total) if total else {type(metric).__name__: 0}
                for name, value in own.items():
                    if f"{task}_{name}" in values:
                        raise ConfigError(
                            f"Two metrics of the task {task!r} give a value named {name!r}",
                            hint="Give one of them another prefix.",
                        )
                    values[f"{task}_{name}"] = value
        return values

    def _drop_last(self, count: int) -> None:
        """Forget the last samples of this process, with which a sampler filled up the last round."""
        for _ in range(min(count, len(self.results))):
            for task in self.results.pop():
                for metric in self._metrics[task]:
                    if isinstance(metric, MultiTasksMetric):
                        metric._drop_last(1)  # pyright: ignore[reportAttributeAccessIssue]
                    else:
                        drop_last(metric.results)
