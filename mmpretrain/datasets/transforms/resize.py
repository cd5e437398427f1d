"""Resizing to a size, by a factor, by an edge, and to random sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmpretrain.datasets.transforms import annotations
from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import one_of, require
from mmpretrain.datasets.transforms.functional import geometry
from mmpretrain.datasets.transforms.randomness import cache_randomness
from mmpretrain.datasets.transforms.window import Window, WindowTransform
from mmpretrain.errors import ConfigError
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class Resize(WindowTransform):
    """Resize the image, and boxes, key points and segmentation map with it.

    Sets ``img``, ``img_shape``, ``scale`` (asked for), ``scale_factor`` (width, height) and ``keep_ratio``.

    Args:
        scale: (width, height), or one number for both. With ``keep_ratio``, the largest allowed edges.
        scale_factor: Factor, or (width, height) factors, used when ``scale`` is None.
        keep_ratio: Keep the aspect ratio.
        clip_object_border: Clip boxes and key points to the image.
        backend: ``'cv2'`` or ``'pillow'``.
        interpolation: ``'nearest'``, ``'bilinear'``, ``'bicubic'``, ``'lanczos'``, and ``'area'`` (cv2) or
            ``'box'`` and ``'hamming'`` (pillow).
        size: The argument of 0.x: (height, width), one number for both, or (edge, -1) for the short edge.
    """

    def __init__(
        self,
        scale: int | tuple[int, int] | None = None,
        scale_factor: float | tuple[float, float] | None = None,
        keep_ratio: bool = False,
        clip_object_border: bool = True,
        backend: str = "cv2",
        interpolation: str = "bilinear",
        *,
        size: int | tuple[int, int] | None = None,
    ) -> None:
        self.short_edge: int | None = None
        if size is not None:
            require(
                scale is None, "size (0.x) and scale (1.x) mean the same thing: give one of them", key="size"
            )
            pair = (size, size) if isinstance(size, int) else tuple(size)
            if pair[1] == -1:
                self.short_edge = pair[0]
            else:
                scale = (pair[1], pair[0])
        require(
            scale is not None or scale_factor is not None or self.short_edge,
            "Resize needs scale or scale_factor",
            key="scale",
        )
        geometry.check_resampling(backend, interpolation)
        require(
            not isinstance(scale, Sequence) or len(scale) == 2,
            f"scale must be a number or (width, height), got {scale!r}",
            key="scale",
        )
        self.scale: Any = tuple(scale) if isinstance(scale, Sequence) else scale and (scale, scale)
        if scale_factor is None or isinstance(scale_factor, Sequence):
            self.scale_factor = None if scale_factor is None else tuple(scale_factor)
        elif isinstance(scale_factor, (float, int)):
            self.scale_factor = (scale_factor, scale_factor)
        else:
            raise ConfigError(
                f"scale_factor must be a number or a pair of them, got {scale_factor!r}", key="scale_factor"
            )
        self.keep_ratio = keep_ratio
        self.clip_object_border = clip_object_border
        self.backend = backend
        self.interpolation = interpolation

    def _asked(self, height: int, width: int) -> tuple[int, int]:
        if self.short_edge:
            return edge_size(height, width, self.short_edge, "short")
        # RandomResize and RandomChoiceResize set one number on a built transform, too.
        if self.scale:
            return (self.scale, self.scale) if isinstance(self.scale, int) else (self.scale[0], self.scale[1])
        return geometry.scale_size((width, height), self.scale_factor)  # type: ignore[arg-type]

    def window(self, shape: tuple[int, ...]) -> Window:
        height, width = shape[:2]
        asked = self._asked(height, width)
        if self.keep_ratio:
            asked = geometry.rescale_size((width, height), asked)
        return Window((height, width), 0, 0, height, width, size=(asked[1], asked[0]))

    def finish(self, results: dict, window: Window) -> None:
        results["scale"] = self._asked(*window.shape)
        height, width = results["img_shape"] = window.size or window.shape
        results["scale_factor"] = _factor(window)
        results["keep_ratio"] = self.keep_ratio
        annotations.scale(results, results["scale_factor"], self.clip_object_border)
        if results.get("gt_seg_map") is not None:
            seg_map = results["gt_seg_map"]
            results["gt_seg_map"] = geometry.imresize(seg_map, (width, height), "nearest", self.backend)


@TRANSFORMS.register_module()
class ResizeEdge(WindowTransform):
    """Resize one edge to a length and keep the aspect ratio.

    Sets ``img``, ``img_shape``, ``scale`` (width, height) and ``scale_factor`` (width, height).

    Args:
        scale: Length of the edge.
        edge: ``'short'``, ``'long'``, ``'width'`` or ``'height'``.
        backend: ``'cv2'`` or ``'pillow'``.
        interpolation: See :class:`Resize`.
    """

    def __init__(
        self, scale: int, edge: str = "short", backend: str = "cv2", interpolation: str = "bilinear"
    ) -> None:
        one_of("edge", edge, ("short", "long", "width", "height"))
        geometry.check_resampling(backend, interpolation)
        self.scale = scale
        self.edge = edge
        self.backend = backend
        self.interpolation = interpolation

    def window(self, shape: tuple[int, ...]) -> Window:
        height, width = shape[:2]
        new_width, new_height = edge_size(height, width, self.scale, self.edge)
        return Window((height, width), 0, 0, height, width, size=(new_height, new_width))

    def finish(self, results: dict, window: Window) -> None:
        height, width = results["img_shape"] = window.size or window.shape
        results["scale"] = (width, height)
        results["scale_factor"] = _factor(window)


def edge_size(height: int, width: int, length: int, edge: str) -> tuple[int, int]:
    """(width, height) of an image after one of its edges is brought to a length."""
    by_width = edge == "width" or (edge == "short" and width < height) or (edge == "long" and width > height)
    if by_width:
        return length, max(int(length * height / width), 1)
    return max(int(length * width / height), 1), length


def _factor(window: Window) -> tuple[float, float]:
    height, width = window.shape
    new_height, new_width = window.size or window.shape
    return (new_width / width, new_height / height)


@TRANSFORMS.register_module()
class RandomResize(BaseTransform):
    """Resize to a random scale.

    Args:
        scale: (width, height) to multiply by a ratio from ``ratio_range``, or two scales to draw between.
        ratio_range: (min, max) of the ratio.
        resize_type: Transform that resizes; its ``scale`` is set for each image.
        **resize_kwargs: Its other arguments.
    """

    def __init__(
        self,
        scale: tuple[int, int] | Sequence[tuple[int, int]],
        ratio_range: tuple[float, float] | None = None,
        resize_type: str = "Resize",
        **resize_kwargs: Any,
    ) -> None:
        self.one_scale = all(isinstance(item, int) for item in scale)
        if self.one_scale:
            require(
                ratio_range is not None and len(ratio_range) == 2 and ratio_range[0] <= ratio_range[1],
                f"RandomResize with one scale needs ratio_range=(min, max), got {ratio_range!r}",
                key="scale",
            )
        require(len(scale) == 2, f"scale must be (width, height) or two of them, got {scale!r}", key="scale")
        self.scale = scale
        self.ratio_range = ratio_range
        self.resize_cfg = dict(type=resize_type, **resize_kwargs)
        self.resize = TRANSFORMS.build({"scale": 1, **self.resize_cfg})

    @cache_randomness
    def _random_scale(self) -> tuple[int, int]:
        if self.one_scale:
            low, high = self.ratio_range  # type: ignore[misc]
            ratio = np.random.random_sample() * (high - low) + low
            return int(self.scale[0] * ratio), int(self.scale[1] * ratio)  # type: ignore[operator]
        widths, heights = zip(*self.scale)  # type: ignore[misc]
        width = np.random.randint(min(widths), max(widths) + 1)
        return width, np.random.randint(min(heights), max(heights) + 1)

    def transform(self, results: dict) -> dict:
        results["scale"] = self.resize.scale = self._random_scale()
        return self.resize(results)


@TRANSFORMS.register_module()
class RandomChoiceResize(BaseTransform):
    """Resize to a scale drawn from a list; sets ``scale_idx``.

    Args:
        scales: The scales, as the ``scale`` of ``resize_type``.
        resize_type: Transform that resizes.
        **resize_kwargs: Its other arguments.
    """

    def __init__(
        self, scales: Sequence[int | tuple[int, int]], resize_type: str = "Resize", **resize_kwargs: Any
    ) -> None:
        self.scales = scales if isinstance(scales, list) else [scales]
        require(
            all(isinstance(item, (int, tuple)) for item in self.scales),
            f"scales must be numbers or (width, height) tuples, got {scales!r}",
            key="scales",
        )
        self.resize_cfg = dict(type=resize_type, **resize_kwargs)
        self.resize = TRANSFORMS.build({"scale": 1, **self.resize_cfg})

    @cache_randomness
    def _random_select(self) -> int:
        return np.random.randint(len(self.scales))

    def transform(self, results: dict) -> dict:
        index = self._random_select()
        self.resize.scale = self.scales[index]
        results = self.resize(results)
        results["scale_idx"] = index
        return results
