"""Repeated augmentation."""

from __future__ import annotations

import logging
import math
from collections.abc import Sized

from torch import Tensor

from mmpretrain.datasets.samplers.base import EpochSampler, pad
from mmpretrain.registry import DATA_SAMPLERS
from mmpretrain.utils.dist import is_main_process

logger = logging.getLogger(__name__)


@DATA_SAMPLERS.register_module()
class RepeatAugSampler(EpochSampler):
    """Each sample several times in a row, dealt out so that its copies land on different ranks.

    An epoch has as many samples as the data set, so it sees only a part of it, ``num_repeats`` times.
    From Hoffer et al., Augment your batch, 2019 (https://arxiv.org/abs/1901.09335), as used by DeiT.

    Args:
        dataset: The data set to sample from.
        shuffle: Whether the order is random; without it every epoch sees the same part.
        num_repeats: How often each sample occurs.
        seed: Seed of the order; None draws one that all ranks share.
    """

    def __init__(
        self, dataset: Sized, shuffle: bool = True, num_repeats: int = 3, seed: int | None = None
    ) -> None:
        super().__init__(dataset, shuffle, seed)
        if not shuffle and is_main_process():
            logger.warning("RepeatAugSampler with shuffle=False reads the same part of the data every epoch.")
        self.num_repeats = num_repeats
        self.num_samples = math.ceil(len(dataset) * num_repeats / self.world_size)
        self.total_size = self.num_samples * self.world_size
        self.num_selected_samples = math.ceil(len(dataset) / self.world_size)

    def indices(self) -> Tensor:
        repeated = pad(self.order().repeat_interleave(self.num_repeats), self.total_size)
        return repeated[self.rank :: self.world_size][: self.num_selected_samples]

    def __len__(self) -> int:
        return self.num_selected_samples
