"""RandAugment and its kin for batches.

In each round every image has its own operation. Those with the same one are changed together, so a round
takes as many calls as there are operations, whatever the size of the batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from mmpretrain.datasets import transforms
from mmpretrain.datasets.batched.base import ByteTransform
from mmpretrain.datasets.batched.operations import apply_to_part, change_of
from mmpretrain.datasets.transforms.auto_augment import PAD
from mmpretrain.registry import BATCH_TRANSFORMS
from mmpretrain.utils.keyed_draws import Draws


@BATCH_TRANSFORMS.register_module("RandAugment")
class BatchRandAugment(ByteTransform):
    """Apply a few operations of equal strength; from `RandAugment <https://arxiv.org/abs/1909.13719>`_.

    The operations are those of :class:`.transforms.RandAugment`, with the same ranges and probabilities.
    Changes of colour are equal, but for a rounding by 1; shears and rotations differ where OpenCV rounds
    places to 1/32 pixel.

    Args:
        policies: ``'timm_increasing'``, ``'simple_increasing'``, or a list of configs.
        num_policies: Number of operations, drawn with replacement.
        magnitude_level: Level of the strength.
        magnitude_std: Standard deviation of the level, or ``'inf'`` for a uniform draw from 0 to the level.
        total_level: The highest level.
        hparams: Arguments for all operations that take and do not set them.
    """

    def __init__(
        self,
        policies: str | Sequence[Mapping[str, Any]],
        num_policies: int,
        magnitude_level: int,
        magnitude_std: float | str = 0.0,
        total_level: int = 10,
        hparams: Mapping[str, Any] = PAD,
    ) -> None:
        sibling = transforms.RandAugment(
            policies, num_policies, magnitude_level, magnitude_std, total_level, hparams
        )
        self.num_policies = num_policies
        self.operations: list[Any] = sibling.transforms
        for operation in self.operations:
            change_of(operation)

    def apply(self, images: Tensor, draws: Draws) -> Tensor:
        for turn in range(self.num_policies):
            images = one_each(self.operations, images, draws.fork(turn))
        return images


def one_each(
    operations: Sequence[Any], images: Tensor, draws: Draws, num_levels: int | None = None
) -> Tensor:
    """Apply one operation to each image, all with the same probability.

    Args:
        operations: What to choose from.
        images: The batch, (B, C, H, W).
        draws: Random numbers for the batch.
        num_levels: Draw the strength from so many levels; by default the operations draw it.
    """
    drawn = draws.integers(len(operations))
    levels = None if num_levels is None else draws.integers(num_levels)
    for number, operation in enumerate(operations):
        indices = np.flatnonzero(drawn == number)
        if len(indices):
            images = apply_to_part(operation, images, indices, draws, levels)
    return images


@BATCH_TRANSFORMS.register_module("TrivialAugmentWide")
class BatchTrivialAugmentWide(ByteTransform):
    """Apply one operation of random strength; from `TrivialAugment <https://arxiv.org/abs/2103.10158>`_.

    Args:
        hparams: Arguments for all operations that take and do not set them.
        num_levels: Strengths are drawn from so many levels, the lowest included.
    """

    def __init__(self, hparams: Mapping[str, Any] = PAD, num_levels: int = 31) -> None:
        self.operations: list[Any] = transforms.TrivialAugmentWide(hparams, num_levels).transforms
        for operation in self.operations:
            change_of(operation)
        self.num_levels = num_levels

    def apply(self, images: Tensor, draws: Draws) -> Tensor:
        return one_each(self.operations, images, draws, self.num_levels)


@BATCH_TRANSFORMS.register_module("AutoAugment")
class BatchAutoAugment(ByteTransform):
    """Apply one sub-policy to each image; from `AutoAugment <https://arxiv.org/abs/1805.09501>`_.

    Args:
        policies: ``'imagenet'``, or a list of sub-policies, each a list of configs.
        hparams: Arguments for all operations that take and do not set them.
    """

    def __init__(
        self, policies: str | Sequence[Sequence[Mapping[str, Any]]], hparams: Mapping[str, Any] = PAD
    ) -> None:
        self.policies: list[list[Any]] = [
            list(sub.transforms) for sub in transforms.AutoAugment(policies, hparams).transforms
        ]
        for sub in self.policies:
            for operation in sub:
                change_of(operation)

    def apply(self, images: Tensor, draws: Draws) -> Tensor:
        drawn = draws.integers(len(self.policies))
        for number, sub in enumerate(self.policies):
            indices = np.flatnonzero(drawn == number)
            for step, operation in enumerate(sub if len(indices) else ()):
                images = apply_to_part(operation, images, indices, draws.fork(step))
        return images
