"""Random and central crops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmpretrain.datasets.transforms import annotations
from mmpretrain.datasets.transforms.checks import one_of, ordered_range, positive_pair, require
from mmpretrain.datasets.transforms.functional import geometry
from mmpretrain.datasets.transforms.randomness import cache_randomness, rand_below
from mmpretrain.datasets.transforms.window import Window, WindowTransform
from mmpretrain.registry import TRANSFORMS

PAD = {"type": "Pad"}
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "area", "lanczos")


class _Shape:
    """Placeholder for an image of which only the shape is used."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape


@TRANSFORMS.register_module()
class CenterCrop(WindowTransform):
    """Cut out the centre; sets ``img``, ``img_shape`` and ``pad_shape``, and moves annotations along.

    Args:
        crop_size: (width, height), or one number for both. A smaller image is kept whole in that direction.
        auto_pad: Pad a smaller image first.
        pad_cfg: The padding transform, without its ``size``.
        clip_object_border: Clip boxes to the crop.
    """

    resizes = False

    def __init__(
        self,
        crop_size: int | tuple[int, int],
        auto_pad: bool = False,
        pad_cfg: dict[str, Any] = PAD,
        clip_object_border: bool = True,
    ) -> None:
        self.crop_size = positive_pair("crop_size", crop_size)
        self.auto_pad = auto_pad
        self.pad_cfg = dict(pad_cfg)
        self.clip_object_border = clip_object_border

    def window(self, shape: tuple[int, ...]) -> Window:
        height, width = shape[:2]
        return Window((height, width), *geometry.center_box(height, width, *self.crop_size[::-1]))

    def finish(self, results: dict, window: Window) -> None:
        results["img_shape"] = results["pad_shape"] = results["img"].shape[:2]
        annotations.crop(
            results, window.top, window.left, window.height, window.width, self.clip_object_border
        )

    def transform(self, results: dict) -> dict:
        height, width = results["img"].shape[:2]
        if self.auto_pad and (width < self.crop_size[0] or height < self.crop_size[1]):
            size = (max(width, self.crop_size[0]), max(height, self.crop_size[1]))
            results = TRANSFORMS.build({**self.pad_cfg, "size": size})(results)
        return super().transform(results)

    @property
    def takes_parts(self) -> bool:
        return not self.auto_pad and type(self).transform is CenterCrop.transform


@TRANSFORMS.register_module()
class RandomCrop(WindowTransform):
    """Cut out a box at a random place; sets ``img`` and ``img_shape``.

    Args:
        crop_size: (height, width), or one number for both.
        padding: Pad first: one number, (left/right, top/bottom) or (left, top, right, bottom).
        pad_if_needed: Pad an image that is smaller than the crop.
        pad_val: Fill value, for all channels or one for each.
        padding_mode: ``'constant'``, ``'edge'``, ``'reflect'`` or ``'symmetric'``.
    """

    resizes = False

    def __init__(
        self,
        crop_size: Sequence[int] | int,
        padding: Sequence[int] | int | None = None,
        pad_if_needed: bool = False,
        pad_val: float | Sequence[float] = 0,
        padding_mode: str = "constant",
    ) -> None:
        one_of("padding_mode", padding_mode, geometry.BORDER)
        self.crop_size = positive_pair("crop_size", crop_size)
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.pad_val = pad_val
        self.padding_mode = padding_mode

    @cache_randomness
    def rand_crop_params(self, img: Any) -> geometry.Box:
        """Draw (top, left, height, width) for an image; only its ``shape`` is used."""
        height, width = img.shape[:2]
        target_h, target_w = self.crop_size
        if (height, width) == (target_h, target_w):
            return 0, 0, height, width
        target_h, target_w = min(height, target_h), min(width, target_w)
        top = rand_below(height - target_h + 1)
        return top, rand_below(width - target_w + 1), target_h, target_w

    def window(self, shape: tuple[int, ...]) -> Window:
        return Window(shape[:2], *self.rand_crop_params(_Shape(shape)))  # type: ignore[arg-type]

    def transform(self, results: dict) -> dict:
        if self.padding is not None:
            results["img"] = self._pad(results["img"], border_of(self.padding))
        if self.pad_if_needed:
            height, width = results["img"].shape[:2]
            rows = math.ceil(max(0, self.crop_size[0] - height) / 2)
            columns = math.ceil(max(0, self.crop_size[1] - width) / 2)
            results["img"] = self._pad(results["img"], (columns, rows, columns, rows))
        return super().transform(results)

    def _pad(self, img: np.ndarray, padding: Sequence[int]) -> np.ndarray:
        return geometry.impad(img, padding, self.pad_val, self.padding_mode)

    @property
    def takes_parts(self) -> bool:
        pads = self.padding is not None or self.pad_if_needed
        return not pads and type(self).transform is RandomCrop.transform


def border_of(padding: Sequence[int] | int) -> Sequence[int]:
    """Return the padding of the four sides, given one number, one for each axis, or all four."""
    sides = tuple(padding) if isinstance(padding, Sequence) else (padding,) * 4
    require(len(sides) in (2, 4), f"padding must be one, two or four numbers, got {padding!r}", key="padding")
    return sides * (4 // len(sides))


@TRANSFORMS.register_module()
class RandomResizedCrop(WindowTransform):
    """Cut out a box of random area and aspect ratio, and resize it; sets ``img`` and ``img_shape``.

    From `Going deeper with convolutions <https://arxiv.org/abs/1409.4842>`_.

    Args:
        scale: (height, width) of the result, or one number for both.
        crop_ratio_range: Range of the area of the box, relative to that of the image.
        aspect_ratio_range: Range of width / height of the box.
        max_attempts: Draws before a central crop is taken.
        interpolation: ``'nearest'``, ``'bilinear'``, ``'bicubic'``, ``'area'`` or ``'lanczos'``.
        backend: ``'cv2'`` or ``'pillow'``.
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
        require(
            isinstance(max_attempts, int) and max_attempts >= 0,
            f"max_attempts must be an int, at least 0, got {max_attempts!r}",
            key="max_attempts",
        )
        one_of("interpolation", interpolation, INTERPOLATIONS)
        geometry.check_resampling(backend, interpolation)
        self.scale = positive_pair("scale", scale)
        self.crop_ratio_range = ordered_range("crop_ratio_range", crop_ratio_range)
        self.aspect_ratio_range = ordered_range("aspect_ratio_range", aspect_ratio_range)
        self.max_attempts = max_attempts
        self.interpolation = interpolation
        self.backend = backend

    @cache_randomness
    def rand_crop_params(self, img: Any) -> geometry.Box:
        """Draw (top, left, height, width) for an image; only its ``shape`` is used."""
        height, width = img.shape[:2]
        smallest, largest = self.crop_ratio_range
        low, high = math.log(self.aspect_ratio_range[0]), math.log(self.aspect_ratio_range[1])
        # What np.random.uniform computes, in a sixth of its time.
        draw = np.random.random_sample
        for _ in range(self.max_attempts):
            area = (smallest + (largest - smallest) * draw()) * (height * width)
            aspect = math.exp(low + (high - low) * draw())
            target_w, target_h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < target_w <= width and 0 < target_h <= height:
                top = rand_below(height - target_h + 1)
                return top, rand_below(width - target_w + 1), target_h, target_w
        return largest_central_box(height, width, self.aspect_ratio_range)

    def window(self, shape: tuple[int, ...]) -> Window:
        return Window(shape[:2], *self.rand_crop_params(_Shape(shape)), size=self.scale)  # type: ignore[arg-type]


def largest_central_box(height: int, width: int, aspect_ratio_range: tuple[float, float]) -> geometry.Box:
    """The largest central box whose aspect ratio is in the range."""
    low, high = min(aspect_ratio_range), max(aspect_ratio_range)
    target_h, target_w = height, width
    if width / height < low:
        target_h = round(width / low)
    elif width / height > high:
        target_w = round(height * high)
    return (height - target_h) // 2, (width - target_w) // 2, max(target_h, 1), max(target_w, 1)


@TRANSFORMS.register_module()
class EfficientNetRandomCrop(RandomResizedCrop):
    """The random crop of the EfficientNet training code; sets ``img`` and ``img_shape``.

    Args:
        scale: Edge of the square result.
        min_covered: Smallest area of the box, relative to that of the image.
        crop_padding: With ``scale``, gives the central crop that is taken when all draws fail.
        interpolation: See :class:`RandomResizedCrop`.
        **kwarg: Other arguments of :class:`RandomResizedCrop`.
    """

    def __init__(
        self,
        scale: int,
        min_covered: float = 0.1,
        crop_padding: int = 32,
        interpolation: str = "bicubic",
        **kwarg: Any,
    ) -> None:
        require(isinstance(scale, int), f"scale must be an int, got {scale!r}", key="scale")
        require(min_covered >= 0, f"min_covered must be at least 0, got {min_covered!r}", key="min_covered")
        require(
            crop_padding >= 0, f"crop_padding must be at least 0, got {crop_padding!r}", key="crop_padding"
        )
        super().__init__(scale, interpolation=interpolation, **kwarg)
        self.min_covered = min_covered
        self.crop_padding = crop_padding

    @cache_randomness
    def rand_crop_params(self, img: Any) -> geometry.Box:
        """Draw (top, left, height, width) for an image; only its ``shape`` is used."""
        height, width = img.shape[:2]
        area = height * width
        smallest, largest = (ratio * area for ratio in self.crop_ratio_range)
        smallest = max(smallest, self.min_covered * area)
        for _ in range(self.max_attempts):
            aspect = np.random.uniform(*self.aspect_ratio_range)
            target_h = round(np.random.uniform(*self._height_range(height, width, aspect)))
            target_w = round(target_h * aspect)
            if smallest <= target_h * target_w <= largest and target_w <= width and target_h <= height:
                top = rand_below(height - target_h + 1)
                return top, rand_below(width - target_w + 1), target_h, target_w
        return efficientnet_center_box(height, width, self.scale[0], self.crop_padding)

    def _height_range(self, height: int, width: int, aspect: float) -> tuple[int, int]:
        areas = (ratio * (height * width) for ratio in self.crop_ratio_range)
        low, high = (round(math.sqrt(area / aspect)) for area in areas)
        if high * aspect > width:
            # The largest height whose width still rounds to at most that of the image.
            high = int((width + 0.5 - 1e-7) / aspect)
            high -= int(high * aspect > width)
        high = min(high, height)
        return min(low, high), high


@TRANSFORMS.register_module()
class EfficientNetCenterCrop(WindowTransform):
    """The central crop of the EfficientNet evaluation code; sets ``img`` and ``img_shape``.

    A square of ``crop_size / (crop_size + crop_padding)`` of the short edge is cut out and resized.

    Args:
        crop_size: Edge of the square result.
        crop_padding: Pixels of the short edge that are left out, at the scale of the result.
        interpolation: See :class:`RandomResizedCrop`.
        backend: ``'cv2'`` or ``'pillow'``.
    """

    def __init__(
        self, crop_size: int, crop_padding: int = 32, interpolation: str = "bicubic", backend: str = "cv2"
    ) -> None:
        require(
            isinstance(crop_size, int) and crop_size > 0,
            f"crop_size must be a positive int, got {crop_size!r}",
            key="crop_size",
        )
        require(
            crop_padding >= 0, f"crop_padding must be at least 0, got {crop_padding!r}", key="crop_padding"
        )
        one_of("interpolation", interpolation, INTERPOLATIONS)
        geometry.check_resampling(backend, interpolation)
        self.crop_size = crop_size
        self.crop_padding = crop_padding
        self.interpolation = interpolation
        self.backend = backend

    def window(self, shape: tuple[int, ...]) -> Window:
        height, width = shape[:2]
        box = efficientnet_center_box(height, width, self.crop_size, self.crop_padding)
        return Window((height, width), *box, size=(self.crop_size, self.crop_size))


def efficientnet_center_box(height: int, width: int, size: int, padding: int) -> geometry.Box:
    """The central square whose edge is ``size / (size + padding)`` of the short edge."""
    edge = size / (size + padding) * min(height, width)
    top, left = max(0, round((height - edge) / 2.0)), max(0, round((width - edge) / 2.0))
    return top, left, max(min(int(edge), height - top), 1), max(min(int(edge), width - left), 1)
