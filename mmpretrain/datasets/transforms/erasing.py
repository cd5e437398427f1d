"""Random erasing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import one_of, ordered_range, probability, require, suits
from mmpretrain.datasets.transforms.randomness import cache_randomness, rand_below
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomErasing(BaseTransform):
    """Fill a random box; from `Random Erasing <https://arxiv.org/abs/1708.04896>`_.

    Args:
        erase_prob: Probability that a box is filled.
        min_area_ratio: Smallest area of the box, relative to that of the image.
        max_area_ratio: Largest area of the box.
        aspect_range: Range of height / width of the box; one number is one end, its inverse the other.
        mode: ``'const'`` fills with ``fill_color``; ``'rand'`` with normal noise around it or, without
            ``fill_std``, with uniform noise.
        fill_color: Value of each channel, or one for all. Three equal values serve any number of channels.
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
        probability("erase_prob", erase_prob)
        probability("min_area_ratio", min_area_ratio)
        probability("max_area_ratio", max_area_ratio)
        ordered_range("(min_area_ratio, max_area_ratio)", (min_area_ratio, max_area_ratio))
        one_of("mode", mode, ("const", "rand"))
        if isinstance(aspect_range, (int, float)):
            aspect_range = (min(aspect_range, 1 / aspect_range), max(aspect_range, 1 / aspect_range))
        require(
            min(aspect_range) > 0, f"aspect_range must be positive, got {aspect_range!r}", key="aspect_range"
        )
        self.erase_prob = erase_prob
        self.min_area_ratio = min_area_ratio
        self.max_area_ratio = max_area_ratio
        self.aspect_range = ordered_range("aspect_range", aspect_range)
        self.mode = mode
        self.fill_color = _values("fill_color", fill_color)
        self.fill_std = None if fill_std is None else _values("fill_std", fill_std)

    @cache_randomness
    def random_disable(self) -> bool:
        """Draw whether to leave the image as it is."""
        return np.random.rand() > self.erase_prob

    @cache_randomness
    def random_patch(self, img_h: int, img_w: int) -> tuple[int, int, int, int]:
        """Draw (top, left, height, width) of the box."""
        # float32, as in the original: the draws depend on the last bits.
        low, high = np.log(np.array(self.aspect_range, dtype=np.float32))
        aspect = np.exp(np.random.uniform(low, high))
        area = img_h * img_w * np.random.uniform(self.min_area_ratio, self.max_area_ratio)
        height = min(round(np.sqrt(area * aspect)), img_h)
        width = min(round(np.sqrt(area / aspect)), img_w)
        top = rand_below(img_h - height) if img_h > height else 0
        left = rand_below(img_w - width) if img_w > width else 0
        return top, left, height, width

    def _fill(self, height: int, width: int, channels: int) -> np.ndarray:
        """Return what fills the box, (H, W, C), or (C,) for one colour."""
        if self.mode == "const":
            return for_channels("fill_color", self.fill_color, channels).astype(np.uint8)
        if self.fill_std is None:
            return np.random.uniform(0, 256, (height, width, channels)).astype(np.uint8)
        # The numbers of np.random.normal(fill_color, fill_std, ...), at half the time.
        noise = np.random.standard_normal((height, width * channels))
        # Rows of the box as long as those of the noise: NumPy is slow with rows of three numbers.
        noise *= np.tile(for_channels("fill_std", self.fill_std, channels), width)
        noise += np.tile(for_channels("fill_color", self.fill_color, channels), width)
        return np.clip(noise, 0, 255, out=noise).astype(np.uint8).reshape(height, width, channels)

    def transform(self, results: dict) -> dict:
        if self.random_disable():
            return results
        img = results["img"]
        top, left, height, width = self.random_patch(*img.shape[:2])
        fill = self._fill(height, width, 1 if img.ndim == 2 else img.shape[2])
        img[top : top + height, left : left + width] = fill[..., 0] if img.ndim == 2 else fill
        return results


def _values(name: str, value: float | Sequence[float]) -> np.ndarray:
    values = np.atleast_1d(np.array(value, dtype=np.float64))
    require(
        values.ndim == 1 and len(values) > 0,
        f"{name} must be one number, or one for each channel, got {value!r}",
        key=name,
    )
    return values


def for_channels(name: str, values: np.ndarray, channels: int) -> np.ndarray:
    """Return a value for each channel; equal values serve any number of them."""
    if len(values) == channels:
        return values
    suits(
        (values == values[0]).all(),
        f"{name} has {len(values)} different values, and the image {channels} "
        f"channel{'s' if channels > 1 else ''}",
        "Give one number, or one for each channel.",
        key=name,
    )
    return np.full(channels, values[0])
