"""Collating samples to batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch.utils.data import get_worker_info
from torch.utils.data._utils.collate import default_collate as torch_collate

from mmpretrain.datasets.lazy_list import LazyList
from mmpretrain.errors import DataError
from mmpretrain.registry import FUNCTIONS
from mmpretrain.structures import BaseDataElement, DataSample
from mmpretrain.structures.packed_samples import PackedSamples

#: Makes an uninitialised tensor of a shape and a type.
Empty = Callable[[Sequence[int], torch.dtype], torch.Tensor]


@FUNCTIONS.register_module()
def default_collate(data_batch: Sequence, *, empty: Empty | None = None) -> Any:
    """Stack tensors, arrays and numbers; keep strings and data samples in lists; recurse into containers.

    Samples that are None, which ``on_error='skip'`` leaves behind, are dropped. If none is left, the batch is
    None.

    Args:
        data_batch: The samples.
        empty: Makes the tensors that hold the stacks; the loader of a run gives memory that is used again.
    """
    return _collate_present(data_batch, _stack if empty is None else partial(_stack, empty=empty))


default_collate.takes_memory = True  # type: ignore[attr-defined]


@FUNCTIONS.register_module()
def pseudo_collate(data_batch: Sequence) -> Any:
    """Keep everything in lists, for images of different sizes; recurse into containers.

    Samples that are None, which ``on_error='skip'`` leaves behind, are dropped. If none is left, the batch is
    None.
    """
    return _collate_present(data_batch, list)


def _collate_present(batch: Sequence, leaf: Callable[[Sequence], Any]) -> Any:
    present = [item for item in batch if item is not None]
    return _collate(present, leaf) if present else None


def _collate(batch: Sequence, leaf: Callable[[Sequence], Any]) -> Any:
    first = batch[0]
    kind: Any = type(first)
    if isinstance(first, (str, bytes)):
        return list(batch)
    if isinstance(first, BaseDataElement):
        return send_samples(batch)
    if isinstance(first, Mapping):
        return kind({key: _collate([item[key] for item in batch], leaf) for key in first})
    if isinstance(first, Sequence):
        if len({len(item) for item in batch}) > 1:
            lengths = sorted({len(item) for item in batch})
            raise DataError(f"Lists of different lengths cannot be collated: {lengths}")
        columns = [_collate(column, leaf) for column in zip(*batch)]
        return kind(*columns) if hasattr(first, "_fields") else columns
    return leaf(batch)


def _stack(batch: Sequence, empty: Empty | None = None) -> Any:
    shapes = Counter(tuple(item.shape) for item in batch if isinstance(item, torch.Tensor))
    if len(shapes) > 1:
        raise DataError(
            f"Tensors of different shapes cannot be stacked: {', '.join(map(str, shapes))}",
            hint="Crop or resize images to one size, or use collate_fn=dict(type='pseudo_collate').",
        )
    kinds = {item.dtype for item in batch if type(item) is torch.Tensor and item.device.type == "cpu"}
    alike = len(kinds) == 1 and shapes.total() == len(batch) and not any(t.requires_grad for t in batch)
    if empty is not None and alike:
        return torch.stack(list(batch), out=empty((len(batch), *batch[0].shape), *kinds))
    return torch_collate(list(batch))


def send_samples(samples: Sequence[BaseDataElement]) -> list:
    """Pack samples for the transfer from a worker to the main process; elsewhere, return them as a list.

    Sending a tensor costs a file descriptor and a few system calls, so labels travel as one tensor a batch;
    the samples are rebuilt when the main process first looks at them.
    """
    packable = get_worker_info() is not None and all(type(sample) is DataSample for sample in samples)
    return LazyList(PackedSamples.of(samples)) if packable else list(samples)
