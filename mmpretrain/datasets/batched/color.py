"""Random colours of batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from mmpretrain.datasets import transforms
from mmpretrain.datasets.batched import pixels
from mmpretrain.datasets.batched.base import ByteTransform, chosen, column, on_part, part_of
from mmpretrain.datasets.transforms.checks import suits
from mmpretrain.datasets.transforms.color import Strength
from mmpretrain.registry import BATCH_TRANSFORMS
from mmpretrain.utils.keyed_draws import Draws


@BATCH_TRANSFORMS.register_module("ColorJitter")
class BatchColorJitter(ByteTransform):
    """Change brightness, contrast, saturation and hue of each image at random, in random order.

    As :class:`.transforms.ColorJitter` with the back end Pillow: most values are equal, and rounding moves
    the others by 1 (by more where a turned hue is near a border of colours).

    Args:
        brightness: Factors are drawn from ``[1 - x, 1 + x]``, or from a range (min, max).
        contrast: The same for the contrast.
        saturation: The same for the saturation.
        hue: Shifts are drawn from ``[-x, x]`` or from a range, within -0.5 and 0.5 of the colour circle.
    """

    def __init__(
        self,
        brightness: Strength = 0.0,
        contrast: Strength = 0.0,
        saturation: Strength = 0.0,
        hue: Strength = 0.0,
    ) -> None:
        sibling = transforms.ColorJitter(brightness, contrast, saturation, hue)
        self.ranges = (sibling.brightness, sibling.contrast, sibling.saturation, sibling.hue)

    def apply(self, images: Tensor, draws: Draws) -> Tensor:
        orders = draws.permutations(4)
        strengths = [draws.uniform(*(bounds or (0.0, 0.0))) for bounds in self.ranges]
        for turn in range(4):
            for operation, bounds in enumerate(self.ranges):
                indices = np.flatnonzero(orders[:, turn] == operation)
                if bounds is not None and len(indices):
                    part = part_of(images, indices)
                    images = on_part(indices, images, _adjust(operation, part, strengths[operation][indices]))
        return images


def _adjust(operation: int, images: Tensor, strengths: np.ndarray) -> Tensor:
    if operation == 3:
        return pixels.hue(images, column(np.trunc(strengths * 255), images)[:, 0])
    function = (pixels.brightness, pixels.contrast, pixels.saturation)[operation]
    return function(images, column(strengths, images))


@BATCH_TRANSFORMS.register_module("RandomGrayscale")
class BatchRandomGrayscale(ByteTransform):
    """Make images grey with some probability, with as many channels as before.

    Args:
        prob: The probability.
        channel_weights: Weight of each channel in the grey value.
    """

    def __init__(self, prob: float = 0.1, channel_weights: Sequence[float] = (1.0, 1.0, 1.0)) -> None:
        self.sibling = transforms.RandomGrayscale(prob, keep_channels=True, channel_weights=channel_weights)

    def apply(self, images: Tensor, draws: Draws) -> Tensor:
        mask = draws.uniform() < self.sibling.prob
        if images.shape[1] == 1 or not mask.any():
            return images
        given = self.sibling.channel_weights
        suits(
            len(given) == images.shape[1],
            f"channel_weights needs {images.shape[1]} numbers for these images, got {given!r}",
            key="channel_weights",
        )
        weights = images.new_tensor(given, dtype=images.dtype).double().view(1, -1, 1, 1)
        grey = (images * (weights / weights.sum())).sum(1, keepdim=True).floor_().to(images.dtype)
        return chosen(mask, grey.expand_as(images), images)
