"""Metrics of several tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.metrics.base import BaseMetric, Device
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
            size: Number of samples on all processes together, without those that fill up the last round.

        Raises:
            ConfigError: If two metrics of a task give values of the same name.
        """
        rank, world = get_dist_info()
        if sum(all_gather_object(len(self.results))) > size:
            for _ in range(len(self.results) - len(range(rank, size, world))):
                self.drop_last()
        counts = [sum(task in tasks for tasks in self.results) for task in self._metrics]
        totals = [sum(column) for column in zip(*all_gather_object(counts))]
        self.results.clear()
        samples = dict(zip(self._metrics, totals))
        return self._named(
            lambda task, metric: metric.evaluate(samples[task]) if samples[task] else metric.without_samples()
        )

    def drop_last(self) -> None:
        """Forget the last sample in the metrics of the tasks that it has labels for."""
        for task in self.results.pop() if self.results else ():
            for metric in self._metrics[task]:
                metric.drop_last()

    def without_samples(self) -> dict[str, Any]:
        """Return 0 for each metric of each task."""
        return self._named(lambda task, metric: metric.without_samples())

    def _named(self, values_of: Callable[[str, BaseMetric], dict[str, Any]]) -> dict[str, Any]:
        """Put the values of all metrics together, each under the name of its task and its own."""
        values: dict[str, Any] = {}
        for task, metrics in self._metrics.items():
            for metric in metrics:
                for name, value in values_of(task, metric).items():
                    if f"{task}_{name}" in values:
                        raise ConfigError(
                            f"Two metrics of the task {task!r} give a value named {name!r}",
                            hint="Give one of them another prefix.",
                        )
                    values[f"{task}_{name}"] = value
        return values
