"""Samplers for classes of unequal size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmpretrain.datasets.labels import single_labels
from mmpretrain.datasets.samplers.base import EpochSampler
from mmpretrain.errors import ConfigError
from mmpretrain.registry import DATA_SAMPLERS
from mmpretrain.utils.fileio import read_lines


@DATA_SAMPLERS.register_module()
class WeightedSampler(EpochSampler):
    """Samples drawn with replacement, each as often as its weight says.

    Args:
        dataset: The data set to sample from.
        weights: A weight for each sample, or a file with one a line; they need not sum to one.
        num_samples: How many to draw in an epoch, over all ranks; by default as many as the data set has.
        seed: Seed of the draw; None draws one that all ranks share.
    """

    #: Equal indices in an epoch are different draws, with different augmentation.
    with_replacement = True

    def __init__(
        self,
        dataset: Any,
        weights: Sequence[float] | str,
        num_samples: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(dataset, seed=seed)
        values = [float(line) for line in read_lines(weights)] if isinstance(weights, str) else weights
        self.weights = torch.as_tensor(values, dtype=torch.float64)
        if self.weights.shape != (len(dataset),):
            raise ConfigError(
                f"There are {len(self.weights)} weights for {len(dataset)} samples", key="weights"
            )
        if not (self.weights >= 0).all() or not 0 < self.weights.sum() < math.inf:
            raise ConfigError("Weights must be finite, not negative, and not all zero")
        self.num_samples = math.ceil((num_samples or len(dataset)) / self.world_size)

    def indices(self) -> Tensor:
        # Inverse of the cumulative distribution: torch.multinomial stops at 2**24 samples.
        steps = self.weights.cumsum(0)
        draws = torch.rand(
            self.num_samples * self.world_size, generator=self.generator(), dtype=torch.float64
        )
        chosen = torch.searchsorted(steps, draws * steps[-1], right=True)
        return chosen.clamp_(max=len(steps) - 1)[self.rank :: self.world_size]

    def __len__(self) -> int:
        return self.num_samples


@DATA_SAMPLERS.register_module()
class BalancedSampler(WeightedSampler):
    """Samples drawn with replacement so that classes come up equally often.

    A sample of several classes counts for its rarest one.

    Args:
        dataset: The data set to sample from; it has ``get_gt_labels`` or ``get_cat_ids``.
        power: Samples of a class are drawn with a weight of ``count ** -power``: 1 gives equal classes, 0.5
            (the square root) a compromise, 0 the distribution of the data set.
        num_samples: How many to draw in an epoch, over all ranks; by default as many as the data set has.
        seed: Seed of the draw; None draws one that all ranks share.
    """

    def __init__(
        self, dataset: Any, power: float = 1.0, num_samples: int | None = None, seed: int | None = None
    ) -> None:
        super().__init__(dataset, class_weights(dataset, power), num_samples, seed)


def class_weights(dataset: Any, power: float) -> list[float]:
    """For each sample, ``count ** -power`` of its (rarest) class."""
    labels = single_labels(dataset)
    if labels is not None:
        return (np.bincount(labels).astype(float) ** -power)[labels].tolist()
    classes = [list(dataset.get_cat_ids(index)) for index in range(len(dataset))]
    counts = np.bincount([label for several in classes for label in set(several)])
    return [max((float(counts[label]) ** -power for label in several), default=0.0) for several in classes]
