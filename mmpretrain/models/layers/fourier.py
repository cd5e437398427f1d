"""Position encodings of a map by sines and cosines."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def fourier_positions(
    hw: tuple[int, int], num_waves: int, device: torch.device | None = None, temperature: float = 10000.0
) -> Tensor:
    """Sines and cosines of rows, then of columns, at wavelengths in a geometric series.

    Args:
        hw: Height and width of the map, each of which is one full turn of the first wave.
        num_waves: Number of sines and cosines of rows, and of columns.
        device: Where the result is made.
        temperature: Ratio of the longest wavelength to the first, nearly.

    Returns:
        A map (1, 2 * num_waves, h, w).
    """
    pairs = torch.arange(num_waves // 2, device=device, dtype=torch.float32)
    wavelengths = temperature ** (2 * pairs / num_waves)
    waves = []
    for size in hw:
        place = torch.arange(1, size + 1, device=device, dtype=torch.float32)
        angles = (place / (size + 1e-6) * 2 * math.pi)[:, None] / wavelengths
        waves.append(torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1))
    rows, columns = waves
    grid = torch.cat((rows[:, None].expand(*hw, -1), columns[None, :].expand(*hw, -1)), dim=-1)
    return grid.permute(2, 0, 1).unsqueeze(0)
