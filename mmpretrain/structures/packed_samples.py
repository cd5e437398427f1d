"""Data samples of a batch, with the values of each field together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmpretrain.structures.base_data_element import BaseDataElement, FieldType
from mmpretrain.structures.data_sample import DataSample


class PackedSamples:
    """The source of a :class:`.LazyList` of data samples, which are made when somebody looks at one of them.

    What needs one field of all samples asks :func:`stacked_field` and its kin, and a batch of thousands of
    small images costs no Python object a sample.

    Args:
        size: Number of samples.
        metainfo: Field to its values; absent from a sample are those that are :attr:`ABSENT`.
        stacked: Field to a tensor, (B, ...), of values of one shape.
        listed: Field to its values, for other data fields.
    """

    ABSENT = "__absent__"

    def __init__(
        self,
        size: int,
        metainfo: dict[str, list[Any]],
        stacked: dict[str, Tensor],
        listed: dict[str, list[Any]],
    ) -> None:
        self.size, self.metainfo, self.stacked, self.listed = size, metainfo, stacked, listed

    @classmethod
    def of(cls, samples: Sequence[BaseDataElement]) -> PackedSamples:
        """Pack samples."""
        metainfo = cls._columns([dict(sample.metainfo_items()) for sample in samples])
        stacked, listed = {}, {}
        for name, values in cls._columns([dict(sample.items()) for sample in samples]).items():
            tensors = [value for value in values if isinstance(value, Tensor)]
            if len(tensors) == len(values) and len({(t.shape, t.dtype) for t in tensors}) == 1:
                stacked[name] = torch.stack(tensors)
            else:
                listed[name] = values
        return cls(len(samples), metainfo, stacked, listed)

    @staticmethod
    def behind(samples: Any) -> PackedSamples | None:
        """The packed samples that a list is going to be made of; None for other lists, or once it is made."""
        source = getattr(samples, "source", None)
        return source if isinstance(source, PackedSamples) else None

    @property
    def single_labels(self) -> Tensor | None:
        """The label of each sample, (B,); None if they have none, or several each."""
        labels = self.stacked.get("gt_label")
        return None if labels is None or labels.shape[1] != 1 else labels.flatten()

    @classmethod
    def _columns(cls, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: [row.get(name, cls.ABSENT) for row in rows] for name in names}

    def meta(self, name: str) -> list[Any]:
        """The meta information ``name`` of all samples, None for those without."""
        values = self.metainfo.get(name) or [None] * self.size
        return [None if isinstance(v, str) and v == self.ABSENT else v for v in values]

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[DataSample]:
        data = {**{name: tensor.unbind() for name, tensor in self.stacked.items()}, **self.listed}
        kinds: list[tuple[FieldType, Mapping[str, Sequence[Any]]]] = [
            ("metainfo", self.metainfo),
            ("data", data),
        ]
        for i in range(self.size):
            sample = DataSample()
            for kind, fields in kinds:
                for name, values in fields.items():
                    value = values[i]
                    if not (isinstance(value, str) and value == self.ABSENT):
                        sample.set_field(value, name, field_type=kind)
            yield sample


def has_field(samples: Sequence[DataSample], name: str) -> bool:
    """Whether the first sample has a data field, which the others should have as well."""
    packed = PackedSamples.behind(samples)
    if packed is None or name in packed.listed:
        return name in samples[0]
    return name in packed.stacked


def stacked_field(samples: Sequence[DataSample], name: str) -> Tensor:
    """Return a data field of all samples, (B, ...)."""
    packed = PackedSamples.behind(samples)
    if packed is not None and name in packed.stacked:
        return packed.stacked[name]
    return torch.stack([sample.get(name) for sample in samples])


def joined_labels(samples: Sequence[DataSample]) -> Tensor:
    """Return ``gt_label`` of all samples, one after the other."""
    packed = PackedSamples.behind(samples)
    if packed is not None and "gt_label" in packed.stacked:
        return packed.stacked["gt_label"].flatten()
    return torch.cat([sample.gt_label for sample in samples])
