"""Runs several metrics on the predictions of a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, repeat
from typing import Any

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.metrics.base import BaseMetric
from mmpretrain.registry import EVALUATORS, METRICS
from mmpretrain.structures import BaseDataElement
from mmpretrain.utils.brief import brief


@EVALUATORS.register_module()
class Evaluator:
    """A list of metrics that is fed as one.

    Args:
        metrics: A metric or its config, or several of them.
    """

    def __init__(self, metrics: Mapping[str, Any] | BaseMetric | Sequence[Any]) -> None:
        several = metrics if isinstance(metrics, Sequence) else [metrics]
        self.metrics: list[BaseMetric] = [METRICS.build(metric) for metric in several]
        for metric in self.metrics:
            if not hasattr(metric, "process") or not hasattr(metric, "evaluate"):
                raise ConfigError(
                    f"A metric is a dict with a 'type', or has process() and evaluate(), got {brief(metric)}",
                    key="metrics",
                )
        self._dataset_meta: Mapping[str, Any] | None = None

    @property
    def dataset_meta(self) -> Mapping[str, Any] | None:
        """Meta information of the data set; setting it tells each metric."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: Mapping[str, Any] | None) -> None:
        self._dataset_meta = dataset_meta
        for metric in self.metrics:
            metric.dataset_meta = dataset_meta

    def process(self, data_samples: Sequence[Any], data_batch: Any = None) -> None:
        """Hand the predictions of a batch to each metric.

        Args:
            data_samples: Data samples with predictions, or their fields as dicts.
            data_batch: What the data loader gave.
        """
        fields = [
            sample.to_dict() if isinstance(sample, BaseDataElement) else sample for sample in data_samples
        ]
        for metric in self.metrics:
            metric.process(data_batch, fields)

    def evaluate(self, size: int) -> dict[str, Any]:
        """Return the values of all metrics by name.

        Args:
            size: Length of the data set.

        Raises:
            ConfigError: If two metrics give a value of the same name.
        """
        values: dict[str, Any] = {}
        for metric in self.metrics:
            own = metric.evaluate(size)
            if clash := sorted(values.keys() & own.keys()):
                raise ConfigError(
                    f"Two metrics give a value named {clash[0]!r}; one of them is {type(metric).__name__}",
                    hint="Give one of them another prefix, as in dict(type='Accuracy', prefix='mine').",
                    key="metrics",
                )
            values.update(own)
        return values

    def offline_evaluate(
        self, data_samples: Iterable[Any], data: Iterable[Any] | None = None, chunk_size: int = 1
    ) -> dict[str, Any]:
        """Evaluate predictions that were saved.

        Args:
            data_samples: Predictions together with the ground truth.
            data: The samples of the data set, if a metric wants to see them.
            chunk_size: How many to process at once.
        """
        batches = repeat(None) if data is None else map(_as_batch, _chunks(data, chunk_size))
        size = 0
        for predictions, batch in zip(_chunks(data_samples, chunk_size), batches, strict=data is not None):
            self.process(predictions, batch)
            size += len(predictions)
        return self.evaluate(size)


def _chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _as_batch(samples: list[Any]) -> Any:
    if not isinstance(samples[0], Mapping):
        return samples
    return {key: [sample[key] for sample in samples] for key in samples[0]}


def get_metric_value(indicator: str, metrics: Mapping[str, Any]) -> Any:
    """Find a value by its name, with or without the prefix.

    Args:
        indicator: ``'accuracy/top1'`` or, if only one metric has such a value, ``'top1'``.
        metrics: What :meth:`Evaluator.evaluate` returned.
    """
    if "/" in indicator:
        matches = [name for name in metrics if name == indicator]
    else:
        matches = [name for name in metrics if name.rpartition("/")[2] == indicator]
    if len(matches) != 1:
        problem = f"matches several of them: {matches}" if matches else f"is none of them: {sorted(metrics)}"
        raise ConfigError(f"The metrics were asked for {indicator!r}, which {problem}", key="metrics")
    return metrics[matches[0]]
