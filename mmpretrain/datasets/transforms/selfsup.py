"""Crops of self-supervised methods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import ordered_range, positive_pair
from mmpretrain.datasets.transforms.crop import largest_central_box
from mmpretrain.datasets.transforms.functional import geometry
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class MAERandomResizedCrop(BaseTransform):
    """The random crop of `MAE <https://arxiv.org/abs/2111.06377>`_: one draw, cut to the image.

    ``img`` is a PIL image before and after. Random numbers come from torch, as in the original code.

    Args:
        size: (height, width) of the result, or one number for both.
        scale: Range of the area of the box, relative to that of the image.
        ratio: Range of width / height of the box.
        interpolation: Name, or Pillow's number.
        antialias: Kept for compatibility; Pillow always smooths.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: str | int = "bilinear",
        antialias: bool | None = True,
    ) -> None:
        self.size = positive_pair("size", size)
        self.scale = ordered_range("scale", scale)
        self.ratio = ordered_range("ratio", ratio)
        self.interpolation = pillow_resampling(interpolation)
        self.antialias = antialias

    @staticmethod
    def get_params(img: Image.Image, scale: tuple[float, float], ratio: tuple[float, float]) -> geometry.Box:
        """Draw (top, left, height, width)."""
        width, height = img.size
        area = height * width * torch.empty(1).uniform_(*scale).item()
        low, high = torch.log(torch.tensor(ratio)).tolist()
        aspect = torch.exp(torch.empty(1).uniform_(low, high)).item()
        box_w = min(round(math.sqrt(area * aspect)), width)
        box_h = min(round(math.sqrt(area / aspect)), height)
        top = int(torch.randint(0, height - box_h + 1, size=(1,)).item())
        return top, int(torch.randint(0, width - box_w + 1, size=(1,)).item()), box_h, box_w

    def transform(self, results: dict) -> dict:
        img = results["img"]
        top, left, height, width = self.get_params(img, self.scale, self.ratio)
        box = img.crop((left, top, left + width, top + height))
        results["img"] = box.resize((self.size[1], self.size[0]), self.interpolation)
        return results


def pillow_resampling(interpolation: Any) -> Image.Resampling:
    """Return Pillow's constant for a name, a number, or an enum of torchvision."""
    value = getattr(interpolation, "value", interpolation)
    if isinstance(value, str):
        geometry.check_resampling("pillow", value)
        return geometry.PILLOW_INTERPOLATION[value]
    return Image.Resampling(value)


@TRANSFORMS.register_module()
class RandomResizedCropAndInterpolationWithTwoPic(BaseTransform):
    """Resize one random crop to two sizes: for the model, and for what makes its target.

    From `BEiT <https://arxiv.org/abs/2106.08254>`_. With ``second_size``, ``img`` becomes a list of two.

    Args:
        size: (width, height) of the first image, or one number for both.
        second_size: The same for the second image; None for no second image.
        scale: Range of the area of the box, relative to that of the image.
        ratio: Range of width / height of the box.
        interpolation: Name, or ``'random'`` for bilinear or bicubic.
        second_interpolation: The same for the second image.
    """

    def __init__(
        self,
        size: int | tuple[int, int],
        second_size: int | tuple[int, int] | None = None,
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: str = "bilinear",
        second_interpolation: str = "lanczos",
    ) -> None:
        self.size = positive_pair("size", size)
        self.second_size = None if second_size is None else positive_pair("second_size", second_size)
        self.scale = ordered_range("scale", scale)
        self.ratio = ordered_range("ratio", ratio)
        self.interpolation = ("bilinear", "bicubic") if interpolation == "random" else interpolation
        self.second_interpolation = second_interpolation

    @staticmethod
    def get_params(img: np.ndarray, scale: tuple[float, float], ratio: tuple[float, float]) -> geometry.Box:
        """Draw (top, left, height, width)."""
        height, width = img.shape[:2]
        for _ in range(10):
            area = np.random.uniform(*scale) * (height * width)
            aspect = math.exp(np.random.uniform(math.log(ratio[0]), math.log(ratio[1])))
            box_w, box_h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if box_w < width and box_h < height:
                top = np.random.randint(0, height - box_h)
                return top, np.random.randint(0, width - box_w), box_h, box_w
        return largest_central_box(height, width, ratio)

    def transform(self, results: dict) -> dict:
        box = self.get_params(results["img"], self.scale, self.ratio)
        interpolation = self.interpolation
        if isinstance(interpolation, tuple):
            interpolation = str(np.random.choice(interpolation))
        crop = geometry.imcrop(results["img"], *box)
        first = geometry.imresize(crop, self.size, interpolation)
        if self.second_size is None:
            results["img"] = first
        else:
            second = geometry.imresize(crop, self.second_size, self.second_interpolation)
            results["img"] = [first, second]
        return results
