"""The base class of all metrics."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast

import torch
from torch import Tensor

from mmpretrain.errors import DataError
from mmpretrain.structures import BaseDataElement
from mmpretrain.utils.dist import broadcast_object, collect_results

logger = logging.getLogger(__name__)

Device: TypeAlias = Literal["cpu", "gpu"]


class BaseMetric(ABC):
    """Collects what it needs of each batch, and computes its values at the end of the data set.

    A subclass appends one item per sample to :attr:`results` in :meth:`process` (so that what a sampler
    added to fill up the last round can be cut off) and computes values from all of them in
    :meth:`compute_metrics`.

    Args:
        collect_device: Kept for old configs; results travel between processes as objects.
        prefix: Put before each name, with a slash; by default :attr:`default_prefix`.
        collect_dir: Kept for old configs, likewise.
    """

    default_prefix: str | None = None

    def __init__(
        self,
        collect_device: Device = "cpu",
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        self.collect_device = collect_device
        self.collect_dir = collect_dir
        self.prefix = prefix or self.default_prefix
        self.results: list[Any] = []
        self._dataset_meta: Mapping[str, Any] | None = None

    @property
    def dataset_meta(self) -> Mapping[str, Any] | None:
        """Meta information of the data set (``classes`` and more), set before the first batch."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: Mapping[str, Any] | None) -> None:
        self._dataset_meta = dataset_meta

    @abstractmethod
    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Append one item per sample to :attr:`results`.

        Args:
            data_batch: What the data loader gave.
            data_samples: The fields of the data samples, predictions included.
        """

    @abstractmethod
    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        """Return values by name; called on the first process only.

        Args:
            results: Items of all processes, in the order of the data set, on the CPU.
        """

    def evaluate(self, size: int) -> dict[str, Any]:
        """Compute the values of the whole data set, on all processes, and forget the items.

        Args:
            size: Length of the data set.
        """
        if not self.results:
            logger.warning("%s has no results: its process() appended nothing.", type(self).__name__)
        results = collect_results([to_cpu(item) for item in self.results], size)
        values = None
        if results is not None:
            values = self.compute_metrics(results)
            if self.prefix:
                values = {f"{self.prefix}/{name}": value for name, value in values.items()}
        self.results.clear()
        return broadcast_object(values)


#: What needs no look, and is most of what metrics keep.
_PLAIN = {int, float, bool, str, type(None)}


def to_cpu(data: Any) -> Any:
    """Return nested data with tensors on the CPU that hold no more memory than they show.

    The scores of a sample are a view of those of its batch; pickled, each view would take the batch along.
    """
    if type(data) in _PLAIN:
        return data
    if isinstance(data, Tensor):
        data = data.detach().cpu()
        return data.clone() if data.untyped_storage().nbytes() > data.nbytes else data
    if isinstance(data, BaseDataElement):
        return data.to("cpu")
    if isinstance(data, (dict, Mapping)):  # the class itself is checked faster than the protocol
        return {key: to_cpu(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return (list if isinstance(data, list) else tuple)(map(to_cpu, data))
    return data


def pick(data_samples: Sequence[Mapping[str, Any]], *keys: str | tuple[str, ...]) -> list[dict[str, Any]]:
    """Take some fields of each sample, moving those that are on a device in one transfer per field.

    Args:
        data_samples: The fields of samples, all with the same keys.
        *keys: Fields to take; of several in a tuple, the first that the samples have.

    Raises:
        DataError: If the samples do not have such a field.
    """
    if data_samples and isinstance(data_samples[0], BaseDataElement):  # from a runner of MMEngine
        data_samples = [sample.to_dict() for sample in cast("Sequence[BaseDataElement]", data_samples)]
    columns: dict[str, list[Any]] = {}
    for options in keys if data_samples else ():
        options = (options,) if isinstance(options, str) else options
        key = next((key for key in options if key in data_samples[0]), None)
        if key is None:
            raise DataError(
                f"A metric needs {' or '.join(options)}, but the samples have only {sorted(data_samples[0])}",
                where=data_samples[0].get("img_path"),
                hint="A data set without labels cannot be evaluated." if "gt_label" in options else None,
            )
        columns[key] = _to_cpu_together([sample[key] for sample in data_samples])
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def _to_cpu_together(values: list[Any]) -> list[Any]:
    first = values[0]
    if not isinstance(first, Tensor) or first.device.type == "cpu":
        return values
    flat = torch.cat([value.detach().reshape(-1) for value in values]).cpu()
    parts = flat.split([value.numel() for value in values])
    return [part.reshape(value.shape) for part, value in zip(parts, values)]
