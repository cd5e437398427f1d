"""Padding."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import one_of, require
from mmpretrain.datasets.transforms.functional import geometry
from mmpretrain.datasets.transforms.randomness import cache_randomness
from mmpretrain.registry import TRANSFORMS

PAD_VALUES = {"img": 0, "seg": 255}


@TRANSFORMS.register_module()
class Pad(BaseTransform):
    """Pad on the right and at the bottom.

    Sets ``img``, ``img_shape``, ``pad_shape``, ``pad_fixed_size`` and ``pad_size_divisor``.

    Args:
        size: (width, height) to reach.
        size_divisor: Pad both edges to a multiple of this number.
        pad_to_square: Pad to a square, instead of ``size``.
        pad_val: Fill value of the image, or ``dict(img=..., seg=...)``; each a number or one per channel.
        padding_mode: ``'constant'``, ``'edge'``, ``'reflect'`` or ``'symmetric'``.
    """

    def __init__(
        self,
        size: tuple[int, int] | None = None,
        size_divisor: int | None = None,
        pad_to_square: bool = False,
        pad_val: float | dict[str, Any] = PAD_VALUES,
        padding_mode: str = "constant",
    ) -> None:
        one_of("padding_mode", padding_mode, geometry.BORDER)
        if pad_to_square:
            require(size is None, "Pad takes size or pad_to_square, not both", key="size")
        else:
            require(
                (size is None) != (size_divisor is None),
                "Pad needs one of size, size_divisor and pad_to_square",
                key="size",
            )
        self.size = size
        self.size_divisor = size_divisor
        self.pad_to_square = pad_to_square
        self.pad_val = pad_val if isinstance(pad_val, dict) else {"img": pad_val, "seg": 255}
        self.padding_mode = padding_mode

    def _target(self, height: int, width: int) -> tuple[int, int]:
        if self.pad_to_square:
            height = width = max(height, width)
        if self.size_divisor is not None:
            return tuple(-(-edge // self.size_divisor) * self.size_divisor for edge in (height, width))  # type: ignore[return-value]
        return (self.size[1], self.size[0]) if self.size is not None else (height, width)

    def _pad(self, img: np.ndarray, target: tuple[int, int], value: Any) -> np.ndarray:
        if isinstance(value, (int, float)) and img.ndim == 3:
            value = (value,) * img.shape[2]
        return geometry.pad_to(img, *target, value, self.padding_mode)

    def transform(self, results: dict) -> dict:
        img = self._pad(results["img"], self._target(*results["img"].shape[:2]), self.pad_val.get("img", 0))
        results["img"] = img
        results["pad_shape"] = img.shape
        results["pad_fixed_size"] = self.size
        results["pad_size_divisor"] = self.size_divisor
        results["img_shape"] = img.shape[:2]
        if results.get("gt_seg_map") is not None:
            seg_value = self.pad_val.get("seg", 255)
            results["gt_seg_map"] = self._pad(results["gt_seg_map"], img.shape[:2], seg_value)
        return results


@TRANSFORMS.register_module()
class RandomTranslatePad(BaseTransform):
    """Put the image somewhere on a black square, as float32; moves ``gt_bboxes`` along.

    Args:
        size: Edge of the square, at least as large as the image.
        aug_translate: At a random place; otherwise in the middle.
    """

    def __init__(self, size: int = 640, aug_translate: bool = False) -> None:
        self.size = size
        self.aug_translate = aug_translate

    @cache_randomness
    def rand_translate_params(self, rows: int, columns: int) -> tuple[int, int]:
        """Draw (top, left) for an image that leaves that many rows and columns free."""
        # An image that fills the square leaves one place.
        top = np.random.randint(0, rows) if rows else 0
        return top, np.random.randint(0, columns) if columns else 0

    def transform(self, results: dict) -> dict:
        img = results["img"]
        height, width = img.shape[:2]
        rows, columns = self.size - height, self.size - width
        require(
            rows >= 0 and columns >= 0,
            f"An image of {width}x{height} does not fit {self.size}x{self.size}",
            key="size",
        )
        if self.aug_translate:
            top, left = self.rand_translate_params(rows, columns)
        else:
            top, left = round(rows / 2.0 - 0.1), round(columns / 2.0 - 0.1)
        canvas = np.zeros((self.size, self.size, *img.shape[2:]), dtype=np.float32)
        canvas[top : top + height, left : left + width] = img
        results["img"] = canvas
        results["img_shape"] = (self.size, self.size)
        for box in results.get("gt_bboxes", ()):
            box[0::2] += left
            box[1::2] += top
        return results
