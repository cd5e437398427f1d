"""Resizing of boxes and affine maps, for images (B, C, H, W) that each have their own.

Resizing is separable: the rows of the result are weighted sums of rows, and its columns of columns. Both sets
of weights are matrices of each image, so a batch takes two products of matrices, whatever the filter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


def _triangle(distance: Tensor) -> Tensor:
    return (1 - distance.abs()).clamp(min=0)


def _cubic(sharpness: float) -> Callable[[Tensor], Tensor]:
    """The cubic convolution filter of Keys, with its free parameter."""

    def weights(distance: Tensor) -> Tensor:
        d = distance.abs()
        near = ((sharpness + 2) * d - (sharpness + 3)) * d * d + 1
        far = ((sharpness * d - 5 * sharpness) * d + 8 * sharpness) * d - 4 * sharpness
        return torch.where(d <= 1, near, torch.where(d < 2, far, torch.zeros_like(d)))

    return weights


@dataclass(frozen=True)
class Filter:
    """How a value between pixels follows from those around it.

    Attributes:
        weight: Weight of a pixel at a distance.
        reach: Distance from which on the weight is 0, in pixels.
        widens: Whether it averages over all pixels that one of a smaller result covers, as Pillow does.
    """

    weight: Callable[[Tensor], Tensor]
    reach: int
    widens: bool


#: By back end and interpolation. OpenCV samples points; Pillow averages.
FILTERS = {
    ("cv2", "bilinear"): Filter(_triangle, 1, widens=False),
    ("cv2", "bicubic"): Filter(_cubic(-0.75), 2, widens=False),
    ("pillow", "bilinear"): Filter(_triangle, 1, widens=True),
    ("pillow", "bicubic"): Filter(_cubic(-0.5), 2, widens=True),
}


def weights(start: Tensor, length: Tensor, count: int, size: int, kind: Filter) -> Tensor:
    """Return the weights that turn an axis into part of itself, resized.

    Args:
        start: First pixel of the part, (B,).
        length: Its pixels, (B,).
        count: Pixels of the result.
        size: Pixels of the axis.
        kind: The filter.

    Returns:
        (B, count, size); each row sums to 1 and is 0 outside of the part.
    """
    start, length = start[:, None, None].float(), length[:, None, None].float()
    scale = length / count
    place = torch.arange(count, device=start.device, dtype=torch.float32)[None, :, None]
    center = start + (place + 0.5) * scale - 0.5  # (B, count, 1), where 0 is the middle of the first pixel
    pixel = torch.arange(size, device=start.device, dtype=torch.float32)
    if kind.widens:
        found = kind.weight((pixel - center) / scale.clamp(min=1))
        found = found * ((pixel >= start) & (pixel < start + length))
        return found / found.sum(-1, keepdim=True)
    total = torch.zeros(len(start), count, size, device=start.device)
    first = center.floor()
    for offset in range(1 - kind.reach, kind.reach + 1):
        tap = first + offset
        inside = torch.minimum(torch.maximum(tap, start), start + length - 1)  # the border is repeated
        total.scatter_add_(2, inside.long(), kind.weight(tap - center))
    return total


def nearest(start: Tensor, length: Tensor, count: int, backend: str) -> Tensor:
    """Return which pixel of an axis each one of the result repeats, (B, count)."""
    place = torch.arange(count, device=start.device)[None] + (0.5 if backend == "pillow" else 0.0)
    offset = (place * length[:, None] / count).floor().long()
    return start[:, None] + torch.minimum(offset, length[:, None] - 1)


def resize_boxes(
    images: Tensor, boxes: Tensor, size: tuple[int, int], interpolation: str, backend: str
) -> Tensor:
    """Cut out a box of each image, and resize it.

    Args:
        images: (B, C, H, W).
        boxes: (B, 4) integers: top, left, height, width.
        size: (height, width) of the result.
        interpolation: ``'nearest'``, ``'bilinear'`` or ``'bicubic'``.
        backend: ``'cv2'`` or ``'pillow'``, whose filter it follows.
    """
    top, left, height, width = boxes.unbind(1)
    if interpolation == "nearest":
        rows, columns = nearest(top, height, size[0], backend), nearest(left, width, size[1], backend)
        numbers = torch.arange(len(images), device=images.device)[:, None, None]
        return images[numbers, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    kind = FILTERS[backend, interpolation]
    rows = weights(top, height, size[0], images.shape[2], kind)
    columns = weights(left, width, size[1], images.shape[3], kind)
    return weighted(images, rows, columns)


def weighted(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Replace rows and columns of images by weighted sums of them.

    Args:
        images: (B, C, H, W).
        rows: Weights (B, h, H) of rows.
        columns: Weights (B, w, W) of columns.

    Returns:
        (B, C, h, w).
    """
    return rows[:, None] @ (images @ columns.transpose(1, 2)[:, None])


def warp(images: Tensor, matrices: Tensor, pad: Tensor, interpolation: str) -> Tensor:
    """Move pixels by an affine map of each image.

    Args:
        images: (B, C, H, W).
        matrices: (B, 2, 3), from places (x, y) of the result to places of the image, in pixels.
        pad: Value outside of the image, (1, C, 1, 1).
        interpolation: ``'nearest'``, ``'bilinear'`` or ``'bicubic'``.
    """
    height, width = images.shape[-2:]
    y, x = torch.meshgrid(
        torch.arange(height, device=images.device, dtype=torch.float32),
        torch.arange(width, device=images.device, dtype=torch.float32),
        indexing="ij",
    )
    places = torch.stack([x, y, torch.ones_like(x)]).view(3, -1)
    sources = (matrices.float() @ places).view(-1, 2, height, width)  # (B, 2, H, W): x and y
    sizes = torch.tensor([width, height], device=images.device, dtype=torch.float32).view(1, 2, 1, 1)
    grid = ((2 * sources + 1) / sizes - 1).permute(0, 2, 3, 1)
    return (
        F.grid_sample(images - pad, grid, mode=interpolation, padding_mode="zeros", align_corners=False) + pad
    )
