"""Results of whole batches as tensors with one row per sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmpretrain.errors import DataError


class Columns:
    """Tensors by name, with one row for each sample; on the CPU, and in memory of their own.

    A metric may append it to its results in place of one item per sample; ``compute_metrics`` then receives
    the rows of all samples.

    Args:
        **tensors: Each (N, ...).

    Raises:
        DataError: If they do not have the same number of rows.
    """

    def __init__(self, **tensors: Tensor) -> None:
        self.tensors = {name: tensor.detach().cpu() for name, tensor in tensors.items()}
        lengths = {name: len(tensor) for name, tensor in tensors.items()}
        if len({*lengths.values()}) > 1:
            counts = ", ".join(f"{count} of {name}" for name, count in lengths.items())
            raise DataError(
                f"A metric needs one value for each sample, and there are {counts}",
                hint="Use MultiLabelMetric, AUROC or AUPRC for samples with several labels.",
            )

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))

    def __contains__(self, name: object) -> bool:
        return name in self.tensors

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]

    def first(self, count: int) -> Columns:
        """The first rows."""
        return self if len(self) <= count else self.take(torch.arange(count))

    def take(self, index: Tensor) -> Columns:
        """The rows with these numbers."""
        return Columns(**{name: tensor[index] for name, tensor in self.tensors.items()})

    @classmethod
    def join(cls, parts: Sequence[Columns]) -> Columns:
        """All rows of several parts, one part after the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(**{name: torch.cat([part[name] for part in parts]) for name in parts[0].tensors})

    @classmethod
    def interleave(cls, parts: Sequence[Columns]) -> Columns:
        """All rows: the first one of each part, the second one of each part, and so on."""
        if len(parts) == 1:
            return parts[0]
        index = torch.cat([torch.arange(len(part)) * len(parts) + rank for rank, part in enumerate(parts)])
        return cls.join(parts).take(index.argsort())


def joined(items: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
    """The same of items of single samples: scores (C,) become (N, C), labels (1,) become (N,)."""
    return {
        name: (torch.stack if name.endswith("score") else torch.cat)([item[name] for item in items])
        for name, value in items[0].items()
        if isinstance(value, Tensor)
    }
