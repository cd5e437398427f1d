"""Random crops of batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.datasets import transforms
from mmpretrain.datasets.batched.base import BatchTransform
from mmpretrain.datasets.batched.resample import resize_boxes
from mmpretrain.datasets.transforms.checks import one_of, suits
from mmpretrain.datasets.transforms.crop import border_of, largest_central_box
from mmpretrain.registry import BATCH_TRANSFORMS
from mmpretrain.utils.keyed_draws import Draws

INTERPOLATIONS = ("nearest", "bilinear", "bicubic")
_PADDING = {"constant": "constant", "edge": "replicate", "reflect": "reflect"}


@BATCH_TRANSFORMS.register_module("RandomResizedCrop")
class BatchRandomResizedCrop(BatchTransform):
    """Cut out a box of random area and aspect ratio of each image, and resize it.

    The boxes are those of :class:`.transforms.RandomResizedCrop`, and the filters those of its back ends; the
    values differ by rounding, at most 1 of 255 (2 with bicubic interpolation).

    Args:
        scale: (height, width) of the result, or one number for both.
        crop_ratio_range: Range of the area of the box, relative to that of the image.
        aspect_ratio_range: Range of width / height of the box.
        max_attempts: Draws before a central crop is taken.
        interpolation: ``'nearest'``, ``'bilinear'`` or ``'bicubic'``.
        backend: ``'cv2'``, which samples points, or ``'pillow'``, which averages when it shrinks.
    """

    def __init__(
        self,
        scale: Sequence[int] | int,
        crop_ratio_range: tuple[float, float] = (0.08, 1.0),
        aspect_ratio_range: tuple[float, float] = (3.0 / 4.0, 4.0 / 3.0),
        max_attempts: int = 10,
        interpolation: str = "bilinear",
        backend: str = "cv2",
    ) -> None:
        one_of("interpolation", interpolation, INTERPOLATIONS)
        self.sibling = transforms.RandomResizedCrop(
            scale, crop_ratio_range, aspect_ratio_range, max_attempts, interpolation, backend
        )

    def boxes(self, height: int, width: int, draws: Draws) -> np.ndarray:
        """Draw (top, left, height, width) for each image, (B, 4)."""
        sibling, attempts = self.sibling, self.sibling.max_attempts
        central = largest_central_box(height, width, sibling.aspect_ratio_range)
        (smallest, largest), (low, high) = sibling.crop_ratio_range, np.log(sibling.aspect_ratio_range)
        areas = (smallest + (largest - smallest) * draws.uniforms(attempts)) * (height * width)
        aspects = np.exp(low + (high - low) * draws.uniforms(attempts))
        tops, lefts = draws.uniform(), draws.uniform()
        if attempts == 0:
            return np.tile(np.array(central), (len(draws), 1))
        widths, heights = (
            np.rint(np.sqrt(edge)).astype(np.int64) for edge in (areas * aspects, areas / aspects)
        )
        fits = (widths > 0) & (widths <= width) & (heights > 0) & (heights <= height)
        rows, first = np.arange(len(fits)), fits.argmax(axis=1)
        box_h, box_w = heights[rows, first], widths[rows, first]
        top, left = (
            np.floor(place * (full - edge + 1))
            for place, full, edge in ((tops, height, box_h), (lefts, width, box_w))
        )
        found = np.stack([top.astype(np.int64), left.astype(np.int64), box_h, box_w], axis=1)
        return np.where(fits.any(axis=1)[:, None], found, np.array(central))

    def apply(self, images: Tensor, draws: Draws) -> Tensor:
        boxes = torch.from_numpy(self.boxes(images.shape[2], images.shape[3], draws)).to(images.device)
        size = (int(self.sibling.scale[0]), int(self.sibling.scale[1]))
        resized = resize_boxes(images, boxes, size, self.sibling.interpolation, self.sibling.backend)
        if self.sibling.interpolation == "bicubic":  # overshoots
            resized = torch.minimum(resized.clamp_(min=0), images.amax().clamp(min=255))
        return resized.round_()


@BATCH_TRANSFORMS.register_module("RandomCrop")
class BatchRandomCrop(BatchTransform):
    """Cut out a box at a random place of each image, exactly as :class:`.transforms.RandomCrop` does.

    With ``padding`` and ``crop_size`` of the image, it moves the image by up to ``padding`` pixels.

    Args:
        crop_size: (height, width), or one number for both.
        padding: Pad first: one number, (left/right, top/bottom) or (left, top, right, bottom).
        pad_val: Fill value of ``padding_mode='constant'``, for all channels.
        padding_mode: ``'constant'``, ``'edge'`` or ``'reflect'``.
    """

    def __init__(
        self,
        crop_size: Sequence[int] | int,
        padding: Sequence[int] | int | None = None,
        pad_val: float = 0,
        padding_mode: str = "constant",
    ) -> None:
        one_of("padding_mode", padding_mode, _PADDING)
        self.sibling = transforms.RandomCrop(crop_size, padding, pad_val=pad_val, padding_mode=padding_mode)
        self.border = None if padding is None else tuple(border_of(padding))
        self.pad_val = pad_val

    def apply(self, images: Tensor, draws: Draws) -> Tensor:
        if self.border is not None:
            left, top, right, bottom = self.border
            mode = _PADDING[self.sibling.padding_mode]
            value = {"value": self.pad_val} if mode == "constant" else {}
            images = F.pad(images, (left, right, top, bottom), mode=mode, **value)
        height, width = (int(edge) for edge in self.sibling.crop_size)
        suits(
            height <= images.shape[2] and width <= images.shape[3],
            f"RandomCrop of batch_transforms cuts {height} x {width} pixels out of images of "
            f"{images.shape[2]} x {images.shape[3]}",
            "Use a smaller crop_size, or padding.",
        )
        tops = draws.integers(images.shape[2] - height + 1)
        lefts = draws.integers(images.shape[3] - width + 1)
        rows, columns = (
            torch.from_numpy(start).to(images.device)[:, None] + torch.arange(length, device=images.device)
            for start, length in ((tops, height), (lefts, width))
        )
        numbers = torch.arange(len(images), device=images.device)[:, None, None]
        return images[numbers, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
