"""Random masks of blocks of patches, drawn on the device for a whole batch."""

from __future__ import annotations

import math

import torch
from torch import Tensor

#: Rectangles that are drawn for an image; scattered patches fill up what they leave.
RECTANGLES = 16


def block_masks(
    batch: int,
    grid: tuple[int, int],
    ratios: tuple[float, float] = (0.1, 0.5),
    prob: float = 0.5,
    device: torch.device | None = None,
) -> Tensor:
    """Mask rectangles of patches in some of the images.

    The number of masked images, and of masked patches in all of them together, depends on the arguments only.

    Args:
        batch: Number of images.
        grid: Rows and columns of patches.
        ratios: Smallest and largest part of an image that is masked; these parts are spread evenly.
        prob: Part of the images that is masked, at least one image.
        device: Where to draw.

    Returns:
        True for masked patches, (batch, rows * columns).
    """
    rows, cols = grid
    masked = max(1, round(batch * prob))
    counts = (torch.linspace(*ratios, masked, device=device) * rows * cols).round().clamp(1, rows * cols - 1)
    shape = (masked, RECTANGLES)
    # At first about half of what is to be masked; log-uniform height / width.
    area = 1 + torch.rand(shape, device=device) * counts[:, None] / 2
    aspect = torch.exp((torch.rand(shape, device=device) * 2 - 1) * math.log(3))
    inside_rows = _intervals((area * aspect).sqrt(), rows)
    inside_cols = _intervals((area / aspect).sqrt(), cols)
    inside = inside_rows.unsqueeze(3) & inside_cols.unsqueeze(2)  # (masked, RECTANGLES, rows, cols)
    numbers = torch.arange(RECTANGLES, device=device).view(1, -1, 1, 1)
    order = torch.where(inside, numbers, RECTANGLES).amin(dim=1).flatten(1)  # first rectangle around a patch
    order = order + torch.rand(order.shape, device=device)
    chosen = order.argsort(dim=1).argsort(dim=1) < counts[:, None]
    masks = torch.zeros(batch, rows * cols, dtype=torch.bool, device=device)
    masks[torch.randperm(batch, device=device)[:masked]] = chosen
    return masks


def _intervals(length: Tensor, size: int) -> Tensor:
    """Place intervals of these lengths (N, R) at random in 0..size; return what is inside, (N, R, size)."""
    length = length.round().clamp(1, size)
    start = (torch.rand(length.shape, device=length.device) * (size - length + 1)).floor()
    places = torch.arange(size, device=length.device)
    return (places >= start.unsqueeze(2)) & (places < (start + length).unsqueeze(2))
