"""Random erasing of batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmpretrain.datasets import transforms
from mmpretrain.datasets.batched.base import ByteTransform, on_part, part_of
from mmpretrain.datasets.transforms.erasing import for_channels
from mmpretrain.registry import BATCH_TRANSFORMS
from mmpretrain.utils.keyed_draws import Draws


@BATCH_TRANSFORMS.register_module("RandomErasing")
class BatchRandomErasing(ByteTransform):
    """Fill a random box of each image, as :class:`.transforms.RandomErasing` does.

    Args:
        erase_prob: Probability that a box is filled.
        min_area_ratio: Smallest area of the box, relative to that of the image.
        max_area_ratio: Largest area of the box.
        aspect_range: Range of height / width of the box; one number is one end, its inverse the other.
        mode: ``'const'`` fills with ``fill_color``; ``'rand'`` with normal noise around it or, without
            ``fill_std``, with uniform noise.
        fill_color: Value of each channel, or one for all.
        fill_std: Standard deviation of the noise, for each channel or for all.
    """

    def __init__(
        self,
        erase_prob: float = 0.5,
        min_area_ratio: float = 0.02,
        max_area_ratio: float = 0.4,
        aspect_range: float | Sequence[float] = (3 / 10, 10 / 3),
        mode: str = "const",
        fill_color: float | Sequence[float] = (128, 128, 128),
        fill_std: float | Sequence[float] | None = None,
    ) -> None:
        self.sibling = transforms.RandomErasing(
            erase_prob, min_area_ratio, max_area_ratio, aspect_range, mode, fill_color, fill_std
        )

    def boxes(self, height: int, width: int, draws: Draws) -> np.ndarray:
        """Draw (top, left, height, width) for each image, (B, 4)."""
        sibling = self.sibling
        aspects = np.exp(draws.uniform(*np.log(np.array(sibling.aspect_range))))
        areas = height * width * draws.uniform(sibling.min_area_ratio, sibling.max_area_ratio)
        heights = np.minimum(np.rint(np.sqrt(areas * aspects)), height).astype(np.int64)
        widths = np.minimum(np.rint(np.sqrt(areas / aspects)), width).astype(np.int64)
        tops, lefts = draws.integers(height - heights), draws.integers(width - widths)
        return np.stack([tops, lefts, heights, widths], axis=1)

    def apply(self, images: Tensor, draws: Draws) -> Tensor:
        indices = np.flatnonzero(draws.uniform() <= self.sibling.erase_prob)
        if not len(indices):
            return images
        part, own = part_of(images, indices), draws.take(indices)
        mask = box_mask(self.boxes(part.shape[2], part.shape[3], own), part)
        return on_part(indices, images, torch.where(mask, self._fill(part, own), part))

    def _fill(self, images: Tensor, draws: Draws) -> Tensor:
        """What the boxes are filled with, for the whole images or as one colour."""
        sibling, channels = self.sibling, images.shape[1]

        def value(name: str, given: np.ndarray) -> Tensor:
            row = torch.from_numpy(for_channels(name, given, channels))
            return row.to(images).view(1, -1, 1, 1)

        if sibling.mode == "const":
            return value("fill_color", sibling.fill_color).floor()
        noise = draws.noise(images.shape[1:], images.device)
        if sibling.fill_std is None:
            return (noise * 256).floor_()
        angle = draws.noise(images.shape[1:], images.device)
        normal = torch.sqrt(-2 * torch.log1p(-noise)) * torch.cos(2 * torch.pi * angle)
        noise = normal * value("fill_std", sibling.fill_std) + value("fill_color", sibling.fill_color)
        return noise.clamp_(0, 255).floor_()


def box_mask(boxes: np.ndarray, images: Tensor) -> Tensor:
    """Whether a pixel is in the box of its image, (B, 1, H, W).

    Args:
        boxes: (B, 4): top, left, height, width.
        images: The images, (B, C, H, W).
    """
    tops, lefts, heights, widths = torch.from_numpy(boxes).to(images.device).view(-1, 4, 1, 1).unbind(1)
    rows = torch.arange(images.shape[2], device=images.device).view(1, -1, 1)
    columns = torch.arange(images.shape[3], device=images.device).view(1, 1, -1)
    inside = (rows >= tops) & (rows < tops + heights) & (columns >= lefts) & (columns < lefts + widths)
    return inside[:, None]
