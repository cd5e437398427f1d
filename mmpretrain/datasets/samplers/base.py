"""Base class of the samplers: seed, rank and position."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Sampler

from mmpretrain.utils.dist import get_dist_info, sync_random_seed

#: Indices become Python ints in portions of this size.
PORTION = 1 << 16


class EpochSampler(Sampler[int]):
    """A sampler whose order depends on the seed and the epoch only.

    A subclass says in :meth:`indices` which samples this rank reads in an epoch, in order.

    Args:
        dataset: The data set to sample from.
        shuffle: Whether the order is random.
        seed: Seed of the order, the same on all ranks; None draws one that all ranks share.
    """

    def __init__(self, dataset: Sized, shuffle: bool = True, seed: int | None = None) -> None:
        self.rank, self.world_size = get_dist_info()
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self._skip = 0

    def indices(self) -> Tensor:
        """Samples of this rank in this epoch, int64, (len(self),)."""
        raise NotImplementedError

    def generator(self) -> torch.Generator:
        """The random numbers of this epoch, the same on all ranks."""
        return torch.Generator().manual_seed(self.seed + self.epoch)

    def order(self) -> Tensor:
        """All samples, in the order of this epoch."""
        size = len(self.dataset)
        return torch.randperm(size, generator=self.generator()) if self.shuffle else torch.arange(size)

    def __iter__(self) -> Iterator[int]:
        start, self._skip = self._skip, 0
        for portion in self.indices()[start:].split(PORTION):
            yield from portion.tolist()

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next pass."""
        self.epoch = epoch

    def skip(self, n: int) -> None:
        """Begin the next pass, and only that, after ``n`` samples of this rank."""
        self._skip = n

    def state_dict(self, position: int = 0) -> dict[str, Any]:
        """Everything that decides which sample comes next.

        Args:
            position: How many samples of the current pass have been used. The caller counts them, because
                the sampler runs ahead by as many as the loader prefetches.
        """
        return {"seed": self.seed, "epoch": self.epoch, "position": position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where :meth:`state_dict` was called."""
        self.seed, self.epoch = state["seed"], state["epoch"]
        self.skip(state["position"])


def pad(indices: Tensor, size: int) -> Tensor:
    """Repeat from the start until there are ``size``."""
    if len(indices) == 0 or len(indices) >= size:
        return indices[:size]
    return indices.repeat(-(-size // len(indices)))[:size]
