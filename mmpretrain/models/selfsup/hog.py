"""Histograms of oriented gradients: https://lear.inrialpes.fr/people/triggs/pubs/Dalal-cvpr05.pdf."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import DataError
from mmpretrain.models.base.module import BaseModule
from mmpretrain.registry import MODELS


@MODELS.register_module()
class HOGGenerator(BaseModule):
    """Makes the targets of `MaskFeat <https://arxiv.org/abs/2112.09133>`_.

    Args:
        nbins: Number of directions.
        pool: Edge of a cell, over which gradients are counted.
        gaussian_window: Edge of the squares in which gradients count less towards the border; 0 for none.
        grid: Number of patches along each side of an image.

    Attributes:
        out: The histograms of the last batch, (B, C, nbins, H / pool, W / pool).
    """

    weight_x: Tensor
    weight_y: Tensor
    gaussian_kernel: Tensor

    def __init__(self, nbins: int = 9, pool: int = 8, gaussian_window: int = 16, grid: int = 14) -> None:
        super().__init__()
        self.nbins = nbins
        self.pool = pool
        self.grid = grid
        self.gaussian_window = gaussian_window
        sobel = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]])
        self.register_buffer("weight_x", sobel.repeat(3, 1, 1, 1))
        self.register_buffer("weight_y", sobel.t().contiguous().repeat(3, 1, 1, 1))
        if gaussian_window:
            kernel = self.get_gaussian_kernel(gaussian_window, gaussian_window // 2)
            self.register_buffer("gaussian_kernel", kernel)

    @staticmethod
    def get_gaussian_kernel(kernlen: int, std: float) -> Tensor:
        """A Gaussian (kernlen, kernlen) that sums to 1."""
        place = (torch.arange(kernlen, dtype=torch.float32) - (kernlen - 1) / 2) / std
        line = torch.exp(-0.5 * place.square())
        kernel = torch.outer(line, line)
        return kernel / kernel.sum()

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Histograms of images (B, 3, H, W), patch by patch: (B, grid ** 2, C * nbins * cells of a patch)."""
        self.check_size(x.shape[-2], x.shape[-1])
        self.h, self.w = x.shape[-2:]
        padded = F.pad(x.float(), (1, 1, 1, 1), mode="reflect")
        gx, gy = (F.conv2d(padded, weight, groups=3) for weight in (self.weight_x, self.weight_y))
        strength = torch.stack((gx, gy), dim=-1).norm(dim=-1)
        if self.gaussian_window:
            repeats = (self.h // self.gaussian_window, self.w // self.gaussian_window)
            strength = strength * self.gaussian_kernel.repeat(*repeats)
        direction = (torch.atan2(gx, gy) / math.pi * self.nbins).floor().long() % self.nbins
        bins = strength.new_zeros(*strength.shape[:2], self.nbins, self.h, self.w)
        bins.scatter_add_(2, direction.unsqueeze(2), strength.unsqueeze(2))
        cells = bins.unfold(3, self.pool, self.pool).unfold(4, self.pool, self.pool).sum(dim=(-2, -1))
        self.out = F.normalize(cells, dim=2)
        return self._by_patch(self.out.flatten(1, 2))

    def _by_patch(self, cells: Tensor) -> Tensor:
        """(B, D, h, w) cells as (B, grid ** 2, D * cells of a patch)."""
        high, wide = cells.shape[-2] // self.grid, cells.shape[-1] // self.grid
        patches = cells.permute(0, 2, 3, 1).unfold(1, high, high).unfold(2, wide, wide)
        return patches.flatten(1, 2).flatten(2)

    def check_size(self, height: int, width: int) -> None:
        """Refuse images that cannot be cut into windows, cells and patches."""
        for size in (height, width):
            if self.gaussian_window and size % self.gaussian_window:
                raise DataError(
                    f"Images of {height} x {width} are no multiple of HOGGenerator's gaussian_window="
                    f"{self.gaussian_window}",
                    hint="Change the size of the crops, or set gaussian_window in model.target_generator.",
                )
            if size % (self.pool * self.grid):
                raise DataError(
                    f"Images of {height} x {width} cannot be cut into {self.grid} x {self.grid} patches of "
                    f"cells of {self.pool} pixels",
                    hint="Set grid in model.target_generator to img_size / patch_size, and pool to a divisor "
                    "of the patch size.",
                )

    def generate_hog_image(self, hog_out: Tensor) -> np.ndarray:
        """Draw the histograms of one image, (1, 3, nbins, h, w), as an image (H, W) in 0..255."""
        if hog_out.shape[:2] != (1, 3):
            raise DataError(
                f"Expected histograms of one image, (1, 3, nbins, h, w), got {tuple(hog_out.shape)}"
            )
        cells = hog_out.mean(dim=1)[0].cpu().numpy()
        cells = cells / max(float(cells.max()), 1e-12)
        canvas = np.zeros((self.h, self.w))
        steps = np.linspace(-1.0, 1.0, 2 * self.pool + 1) * self.pool / 2
        for number, angle in enumerate(np.arange(self.nbins) * 2 * math.pi / self.nbins):
            for row, column in np.ndindex(cells.shape[1:]):
                strength = max(float(cells[number, row, column]), 0.0)
                line = strength * steps
                ys = (row * self.pool + line * math.cos(angle)).astype(int).clip(0, self.h - 1)
                xs = (column * self.pool + line * math.sin(angle)).astype(int).clip(0, self.w - 1)
                canvas[ys, xs] = int(255 * math.sqrt(strength))
        return canvas
