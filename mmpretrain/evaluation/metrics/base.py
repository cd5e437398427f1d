"""The base class of all metrics."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast

import torch
from torch import Tensor

from mmpretrain.errors import DataError
from mmpretrain.evaluation.metrics.columns import Columns
from mmpretrain.structures import BaseDataElement
from mmpretrain.utils.dist import broadcast_object, deal_in, gather_object, get_world_size

logger = logging.getLogger(__name__)

Device: TypeAlias = Literal["cpu", "gpu"]


class BaseMetric(ABC):
    """Collects what it needs of each batch, and computes its values at the end of the data set.

    A subclass appends one item per sample to :attr:`results` in :meth:`process` (so that what a sampler
    added to fill up the last round can be cut off) and computes values from all of them in
    :meth:`compute_metrics`. In place of items it may append one :class:`Columns` per batch.

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
    def compute_metrics(self, results: Any) -> dict[str, Any]:
        """Return values by name; called on the first process only.

        Args:
            results: Items of all processes, in the order of the data set, on the CPU; or one
                :class:`Columns`.
        """

    def evaluate(self, size: int) -> dict[str, Any]:
        """Compute the values of the whole data set, on all processes, and forget the items.

        Args:
            size: Length of the data set.
        """
        if not self.results:
            logger.warning("%s has no results: its process() appended nothing.", type(self).__name__)
        results = _collect(self.results, size)
        values = None
        if results is not None:
            values = self.compute_metrics(results)
            if self.prefix:
                values = {f"{self.prefix}/{name}": value for name, value in values.items()}
        self.results.clear()
        return broadcast_object(values)

    def drop_last(self) -> None:
        """Forget the last sample of this process, with which a sampler filled up the last round."""
        last = self.results.pop() if self.results else None
        if isinstance(last, Columns) and len(last) > 1:
            self.results.append(last.first(len(last) - 1))

    def without_samples(self) -> dict[str, Any]:
        """Return what stands for the values of a task that no sample has a label for."""
        return {type(self).__name__: 0}


def _collect(results: list[Any], size: int) -> list[Any] | Columns | None:
    """Put the results of all processes together on the first one, as the samplers dealt them out.

    Args:
        results: Those of this process: an item per sample, or a :class:`Columns` per batch.
        size: Length of the data set; what a sampler added to fill up the last round is cut off.

    Returns:
        All items, or one :class:`Columns`; None on other processes.
    """
    alone = get_world_size() == 1
    if results and isinstance(results[0], Columns):
        own: list[Any] | Columns = Columns.join(results)
    else:
        own = [to_cpu(item, compact=not alone) for item in results]
    parts = [own] if alone else gather_object(own)
    if parts is None:
        return None
    columns = [part for part in parts if isinstance(part, Columns)]  # a process may have had no sample
    if columns:
        return Columns.interleave(columns).first(size)
    return deal_in([part for part in parts if isinstance(part, list)], size)


#: What needs no look, and is most of what metrics keep.
_PLAIN = {int, float, bool, str, type(None)}


def to_cpu(data: Any, compact: bool = True) -> Any:
    """Return nested data with tensors on the CPU.

    Args:
        data: The data.
        compact: Whether tensors shall hold no more memory than they show. The scores of a sample are a view
            of those of its batch; pickled, each view would take the batch along.
    """
    if type(data) in _PLAIN:
        return data
    if isinstance(data, Tensor):
        if data.requires_grad or not data.is_cpu:
            data = data.detach().cpu()
        return data.clone() if compact and data.untyped_storage().nbytes() > data.nbytes else data
    if isinstance(data, BaseDataElement):
        return data.to("cpu")
    if isinstance(data, (dict, Mapping)):  # the class itself is checked faster than the protocol
        return {key: to_cpu(value, compact) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        if _PLAIN.issuperset(map(type, data)):
            return data
        return (list if isinstance(data, list) else tuple)(to_cpu(item, compact) for item in data)
    return data


#: Methods through which a subclass may see the items of single samples.
_SEEING = ("process", "target", "compute_metrics", "calculate", "evaluate")


def by_batch(metric: BaseMetric) -> bool:
    """Whether a metric of ours may keep columns: no class of a user sees single samples."""
    methods = (getattr(type(metric), name, None) for name in _SEEING)
    return all(method is None or method.__module__.startswith("mmpretrain.") for method in methods)


def fields_of(
    data_samples: Sequence[Mapping[str, Any]], *keys: str | tuple[str, ...]
) -> dict[str, list[Any]]:
    """Take some fields of all samples: for each key, a list with one value per sample.

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
        columns[key] = [sample[key] for sample in data_samples]
    return columns


def pick(data_samples: Sequence[Mapping[str, Any]], *keys: str | tuple[str, ...]) -> list[dict[str, Any]]:
    """Take some fields of each sample, moving those that are on a device in one transfer per field.

    See :func:`fields_of` for the arguments.
    """
    columns = {key: _to_cpu_together(values) for key, values in fields_of(data_samples, *keys).items()}
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def _to_cpu_together(values: list[Any]) -> list[Any]:
    first = values[0]
    if not isinstance(first, Tensor) or first.device.type == "cpu":
        return values
    flat = torch.cat([value.detach().reshape(-1) for value in values]).cpu()
    parts = flat.split([value.numel() for value in values])
    return [part.reshape(value.shape) for part, value in zip(parts, values)]
