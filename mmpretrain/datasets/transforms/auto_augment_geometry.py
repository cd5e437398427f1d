"""Operations of AutoAugment and RandAugment that move or cover pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmpretrain.datasets.transforms.auto_augment_base import BaseAugTransform, SignedAugTransform
from mmpretrain.datasets.transforms.checks import one_of
from mmpretrain.datasets.transforms.functional import geometry
from mmpretrain.registry import TRANSFORMS


class _Warp(SignedAugTransform):
    """Base of operations that move pixels along an axis.

    Args:
        magnitude: Fixed strength.
        pad_val: Value of pixels that come from outside, for all channels or one for each.
        prob: Probability of the operation.
        direction: ``'horizontal'`` or ``'vertical'``.
        random_negative_prob: Probability that the strength is negated.
        interpolation: ``'nearest'``, ``'bilinear'``, ``'bicubic'``, ``'area'`` or ``'lanczos'``.
        **kwargs: See :class:`BaseAugTransform`.
    """

    def __init__(
        self,
        magnitude: float | None = None,
        pad_val: int | Sequence[int] = 128,
        prob: float = 0.5,
        direction: str = "horizontal",
        random_negative_prob: float = 0.5,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(magnitude, prob, random_negative_prob, **kwargs)
        one_of("direction", direction, ("horizontal", "vertical"))
        one_of("interpolation", interpolation, geometry.CV2_INTERPOLATION)
        self.pad_val = _fill(pad_val)
        self.direction: Any = direction
        self.interpolation = interpolation


def _fill(value: int | Sequence[int]) -> Any:
    return tuple(value) if isinstance(value, Sequence) else value


@TRANSFORMS.register_module()
class Shear(_Warp):
    """Shear by ``magnitude`` pixels per pixel; the arguments are those of the base."""

    def __init__(
        self,
        magnitude: float | None = None,
        pad_val: int | Sequence[int] = 128,
        prob: float = 0.5,
        direction: str = "horizontal",
        random_negative_prob: float = 0.5,
        interpolation: str = "bicubic",
        **kwargs: Any,
    ) -> None:
        super().__init__(magnitude, pad_val, prob, direction, random_negative_prob, interpolation, **kwargs)

    def apply(self, img: np.ndarray) -> np.ndarray:
        return geometry.imshear(img, self.strength(), self.direction, self.pad_val, self.interpolation)


@TRANSFORMS.register_module()
class Translate(_Warp):
    __doc__ = (
        f"""Move by ``magnitude`` of the width or height.{(_Warp.__doc__ or "").partition("axis.")[2]}"""
    )

    def apply(self, img: np.ndarray) -> np.ndarray:
        offset = self.strength() * img.shape[1 if self.direction == "horizontal" else 0]
        return geometry.imtranslate(img, offset, self.direction, self.pad_val, self.interpolation)


@TRANSFORMS.register_module()
class Rotate(BaseAugTransform):
    """Rotate clockwise.

    Args:
        angle: Fixed angle, in degrees.
        center: (x, y) of the centre; by default that of the image.
        scale: Scale factor.
        pad_val: Value of pixels that come from outside, for all channels or one for each.
        prob: Probability of the operation.
        random_negative_prob: Probability that the angle is negated.
        interpolation: ``'nearest'``, ``'bilinear'``, ``'bicubic'``, ``'area'`` or ``'lanczos'``.
        **kwargs: See :class:`BaseAugTransform`.
    """

    strength_key = "angle"

    def __init__(
        self,
        angle: float | None = None,
        center: tuple[float, float] | None = None,
        scale: float = 1.0,
        pad_val: int | Sequence[int] = 128,
        prob: float = 0.5,
        random_negative_prob: float = 0.5,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(prob=prob, random_negative_prob=random_negative_prob, **kwargs)
        one_of("interpolation", interpolation, geometry.CV2_INTERPOLATION)
        self.angle = angle
        self.center = center
        self.scale = scale
        self.pad_val = _fill(pad_val)
        self.interpolation = interpolation
        self._check_strength()

    def apply(self, img: np.ndarray) -> np.ndarray:
        angle = self.random_negative(self.strength())
        return geometry.imrotate(img, angle, self.center, self.scale, self.pad_val, self.interpolation)


@TRANSFORMS.register_module()
class Cutout(BaseAugTransform):
    """Fill a randomly placed rectangle.

    Args:
        shape: Fixed (height, width) of the rectangle; an int gives a square.
        pad_val: Fill value, for all channels or one for each.
        prob: Probability of the operation.
        **kwargs: See :class:`BaseAugTransform`.
    """

    strength_key = "shape"

    def __init__(
        self,
        shape: int | tuple[int, int] | None = None,
        pad_val: int | Sequence[int] = 128,
        prob: float = 0.5,
        **kwargs: Any,
    ) -> None:
        super().__init__(prob=prob, random_negative_prob=0.0, **kwargs)
        self.shape = shape
        self.pad_val = _fill(pad_val)
        self._check_strength()

    def apply(self, img: np.ndarray) -> np.ndarray:
        shape = self.strength()
        return geometry.cutout(img, tuple(shape) if isinstance(shape, Sequence) else int(shape), self.pad_val)
