"""Masks for masked image modelling."""

from __future__ import annotations

import math

import numpy as np

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import require
from mmpretrain.registry import TRANSFORMS

#: Rounds in which no rectangle fits before single tokens are masked; none covers the last row or column.
MOST_MISSES = 100


@TRANSFORMS.register_module()
class SimMIMMaskGenerator(BaseTransform):
    """Mask random square blocks; from `SimMIM <https://arxiv.org/abs/2111.09886>`_.

    Sets ``mask``: 1 for masked, one element for each token of the model.

    Args:
        input_size: Edge of the image.
        mask_patch_size: Edge of a block, in pixels.
        model_patch_size: Edge of a token, in pixels.
        mask_ratio: Part of the blocks that is masked.
    """

    def __init__(
        self,
        input_size: int = 192,
        mask_patch_size: int = 32,
        model_patch_size: int = 4,
        mask_ratio: float = 0.6,
    ) -> None:
        require(
            input_size % mask_patch_size == 0 and mask_patch_size % model_patch_size == 0,
            f"input_size ({input_size}) must be a multiple of mask_patch_size ({mask_patch_size}), "
            f"and that of model_patch_size ({model_patch_size})",
            key="input_size",
        )
        require(
            isinstance(mask_ratio, (int, float)) and 0 < mask_ratio < 1,
            f"mask_ratio must be above 0 and below 1, got {mask_ratio!r}, as it is the part that is hidden",
            key="mask_ratio",
        )
        self.input_size = input_size
        self.mask_patch_size = mask_patch_size
        self.model_patch_size = model_patch_size
        self.mask_ratio = mask_ratio
        self.rand_size = input_size // mask_patch_size
        self.scale = mask_patch_size // model_patch_size
        self.token_count = self.rand_size**2
        self.mask_count = math.ceil(self.token_count * mask_ratio)
        require(
            self.mask_count < self.token_count,
            f"mask_ratio={mask_ratio} hides all {self.token_count} blocks of an image",
            key="mask_ratio",
        )

    def transform(self, results: dict) -> dict:
        blocks = np.zeros(self.token_count, dtype=int)
        blocks[np.random.permutation(self.token_count)[: self.mask_count]] = 1
        blocks = blocks.reshape(self.rand_size, self.rand_size)
        results["mask"] = np.kron(blocks, np.ones((self.scale, self.scale), dtype=int))
        return results


@TRANSFORMS.register_module()
class BEiTMaskGenerator(BaseTransform):
    """Mask random rectangles until a number of tokens is reached.

    From `BEiT <https://arxiv.org/abs/2106.08254>`_. Sets ``mask``: 1 for masked, (height, width) in tokens.

    Args:
        input_size: (height, width) in tokens, or one number for both.
        num_masking_patches: Tokens to mask.
        min_num_patches: Smallest area that is drawn for a rectangle.
        max_num_patches: Largest area; by default ``num_masking_patches``.
        min_aspect: Smallest height / width of a rectangle.
        max_aspect: Largest height / width; by default the inverse of the smallest.
    """

    def __init__(
        self,
        input_size: int | tuple[int, int],
        num_masking_patches: int,
        min_num_patches: int = 4,
        max_num_patches: int | None = None,
        min_aspect: float = 0.3,
        max_aspect: float | None = None,
    ) -> None:
        self.height, self.width = (input_size, input_size) if isinstance(input_size, int) else input_size
        self.num_patches = self.height * self.width
        require(
            1 <= num_masking_patches < self.num_patches,
            f"num_masking_patches must be at least 1 and leave a token of the {self.num_patches} visible, "
            f"got {num_masking_patches}",
            key="num_masking_patches",
        )
        self.num_masking_patches = num_masking_patches
        self.min_num_patches = min_num_patches
        self.max_num_patches = num_masking_patches if max_num_patches is None else max_num_patches
        self.log_aspect_ratio = (math.log(min_aspect), math.log(max_aspect or 1 / min_aspect))

    def _add_rectangle(self, mask: np.ndarray, most: int) -> int:
        """Mask one more rectangle with at most so many new tokens; return how many were new."""
        for _ in range(10):
            area = np.random.uniform(self.min_num_patches, most)
            aspect = math.exp(np.random.uniform(*self.log_aspect_ratio))
            height, width = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if width >= self.width or height >= self.height:
                continue
            top = np.random.randint(0, self.height - height)
            left = np.random.randint(0, self.width - width)
            rectangle = mask[top : top + height, left : left + width]
            new = height * width - int(rectangle.sum())
            if 0 < new <= most:
                rectangle[:] = 1
                return new
        return 0

    def transform(self, results: dict) -> dict:
        mask = np.zeros((self.height, self.width), dtype=int)
        count = 0
        misses = 0
        while count < self.num_masking_patches and misses < MOST_MISSES:
            new = self._add_rectangle(mask, min(self.num_masking_patches - count, self.max_num_patches))
            count, misses = count + new, 0 if new else misses + 1
        if count < self.num_masking_patches:
            free = np.flatnonzero(mask == 0)
            mask.flat[np.random.permutation(free)[: self.num_masking_patches - count]] = 1
        results["mask"] = mask
        return results
