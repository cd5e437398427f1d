"""The usual samplers: every sample once an epoch, in random order or in the order of the data set."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized
from itertools import islice
from typing import Literal

import torch
from torch import Tensor

from mmpretrain.datasets.samplers.base import EpochSampler, pad
from mmpretrain.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class DefaultSampler(EpochSampler):
    """Every sample once an epoch, dealt out to the ranks in turn.

    Args:
        dataset: The data set to sample from.
        shuffle: Whether the order is random.
        seed: Seed of the order; None draws one that all ranks share.
        round_up: Repeat some samples so that all ranks have equally many.
    """

    def __init__(
        self, dataset: Sized, shuffle: bool = True, seed: int | None = None, round_up: bool = True
    ) -> None:
        super().__init__(dataset, shuffle, seed)
        self.round_up = round_up
        size = len(dataset)
        if round_up:
            self.num_samples = math.ceil(size / self.world_size)
            self.total_size = self.num_samples * self.world_size
        else:
            self.num_samples = math.ceil((size - self.rank) / self.world_size)
            self.total_size = size

    def indices(self) -> Tensor:
        return pad(self.order(), self.total_size)[self.rank :: self.world_size]

    def __len__(self) -> int:
        return self.num_samples


@DATA_SAMPLERS.register_module()
class SequentialSampler(DefaultSampler):
    """Every sample once an epoch, in the order of the data set.

    Args:
        subsample_type: ``'default'`` deals samples out to the ranks in turn; ``'sequential'`` gives each
            rank a contiguous part.
        **kwargs: ``dataset``, ``seed`` and ``round_up`` of :class:`DefaultSampler`.
    """

    def __init__(self, subsample_type: Literal["default", "sequential"] = "default", **kwargs) -> None:
        if subsample_type not in ("default", "sequential"):
            raise ValueError(f"subsample_type must be 'default' or 'sequential', got {subsample_type!r}")
        super().__init__(shuffle=False, **kwargs)
        self.subsample_type = subsample_type

    def indices(self) -> Tensor:
        if self.subsample_type == "default":
            return super().indices()
        share = self.total_size // self.world_size
        return pad(self.order(), self.total_size)[self.rank * share : (self.rank + 1) * share]


@DATA_SAMPLERS.register_module()
class InfiniteSampler(EpochSampler):
    """Passes over the data set without end, for loops that count iterations.

    Args:
        dataset: The data set to sample from.
        shuffle: Whether each pass has a new random order.
        seed: Seed of the order; None draws one that all ranks share.
    """

    def __init__(self, dataset: Sized, shuffle: bool = True, seed: int | None = None) -> None:
        super().__init__(dataset, shuffle, seed)
        self.size = len(dataset)
        self._stream: Iterator[int] | None = None

    def _indices(self, start: int) -> Iterator[int]:
        """Samples of this rank after its first ``start``."""
        generator = torch.Generator().manual_seed(self.seed)
        passes, offset = divmod(self.rank + start * self.world_size, self.size)
        if self.shuffle:
            for _ in range(passes):
                torch.randperm(self.size, generator=generator)
        while True:
            order = (
                torch.randperm(self.size, generator=generator) if self.shuffle else torch.arange(self.size)
            )
            mine = order[offset :: self.world_size]
            yield from mine.tolist()
            offset += len(mine) * self.world_size - self.size

    def __iter__(self) -> Iterator[int]:
        if self._stream is None or self._skip:
            self._stream = self._indices(self._skip)
            self._skip = 0
        return islice(self._stream, None)

    def __len__(self) -> int:
        return self.size

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: the order continues from pass to pass."""
