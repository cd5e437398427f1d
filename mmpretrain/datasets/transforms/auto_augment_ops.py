"""The operations of AutoAugment and RandAugment.

Each is applied with probability ``prob``. Its strength is either fixed, or drawn: ``magnitude_level`` out of
``total_level`` gives a point of ``magnitude_range``, with normal noise of ``magnitude_std`` levels (or, with
``'inf'``, a uniform draw between 0 and the level). The range may fall, as for Posterize.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from math import ceil
from typing import Any, ClassVar

import numpy as np
from PIL import Image, ImageFilter

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import one_of, require
from mmpretrain.datasets.transforms.functional import color, geometry
from mmpretrain.datasets.transforms.randomness import cache_randomness
from mmpretrain.registry import TRANSFORMS


class BaseAugTransform(BaseTransform):
    """Base of operations with a probability and a strength.

    A subclass implements :meth:`apply`, or :meth:`transform` altogether.

    Args:
        magnitude_level: Level of the strength.
        magnitude_range: Strength at level 0 and at ``total_level``.
        magnitude_std: Standard deviation of the level, or ``'inf'`` for a uniform draw.
        total_level: The highest level.
        prob: Probability of the operation.
        random_negative_prob: Probability that the strength is negated.
    """

    #: Name of the argument that fixes the strength; None for operations without one.
    strength_key: ClassVar[str | None] = None

    def __init__(
        self,
        magnitude_level: float = 10,
        magnitude_range: Sequence[float] | None = None,
        magnitude_std: float | str = 0.0,
        total_level: float = 10,
        prob: float = 0.5,
        random_negative_prob: float = 0.5,
    ) -> None:
        self.magnitude_level = magnitude_level
        self.magnitude_range = magnitude_range
        self.magnitude_std = magnitude_std
        self.total_level = total_level
        self.prob = prob
        self.random_negative_prob = random_negative_prob

    def _check_strength(self) -> None:
        key = self.strength_key
        fixed = key is not None and getattr(self, key) is not None
        require(
            fixed != (self.magnitude_range is not None),
            f"{type(self).__name__} needs either {key} or magnitude_range",
        )

    @cache_randomness
    def random_disable(self) -> bool:
        """Draw whether to leave the image as it is."""
        return np.random.rand() > self.prob

    @cache_randomness
    def random_magnitude(self) -> float:
        """Draw the strength from ``magnitude_range``."""
        level: Any = self.magnitude_level
        if isinstance(self.magnitude_std, str):
            level = np.random.uniform(0, level)
        elif self.magnitude_std > 0:
            level = np.clip(np.random.normal(level, self.magnitude_std), 0, self.total_level)
        start, end = self.magnitude_range  # type: ignore[misc]
        return level / self.total_level * (end - start) + start

    @cache_randomness
    def random_negative(self, value: float) -> float:
        """Draw the sign of the strength."""
        return -value if np.random.rand() < self.random_negative_prob else value

    def strength(self) -> Any:
        """The fixed strength, or one drawn from the range."""
        fixed = getattr(self, self.strength_key) if self.strength_key else None
        return self.random_magnitude() if fixed is None else fixed

    @abstractmethod
    def apply(self, img: np.ndarray) -> np.ndarray:
        """Return the changed image."""

    def transform(self, results: dict) -> dict:
        if not self.random_disable():
            results["img"] = self.apply(results["img"])
        return results


class _Signed(BaseAugTransform):
    """Base of operations whose strength is ``magnitude``, negated at random."""

    strength_key = "magnitude"

    def __init__(
        self,
        magnitude: float | None = None,
        prob: float = 0.5,
        random_negative_prob: float = 0.5,
        **kwargs: Any,
    ) -> None:
        super().__init__(prob=prob, random_negative_prob=random_negative_prob, **kwargs)
        self.magnitude = magnitude
        self._check_strength()

    def strength(self) -> float:
        """The strength, with its sign drawn."""
        return self.random_negative(super().strength())


class _Warp(_Signed):
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
    __doc__ = f"""Shear by ``magnitude`` pixels per pixel.{(_Warp.__doc__ or "").partition("axis.")[2]}"""

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


class _Plain(BaseAugTransform):
    """Base of operations without a strength."""

    def __init__(self, prob: float = 0.5, **kwargs: Any) -> None:
        super().__init__(prob=prob, **kwargs)


@TRANSFORMS.register_module()
class AutoContrast(_Plain):
    """Stretch each channel to 0..255.

    Args:
        prob: Probability of the operation.
        **kwargs: See :class:`BaseAugTransform`.
    """

    def apply(self, img: np.ndarray) -> np.ndarray:
        return color.auto_contrast(img)


@TRANSFORMS.register_module()
class Invert(_Plain):
    """Replace each value v by 255 - v.

    Args:
        prob: Probability of the operation.
        **kwargs: See :class:`BaseAugTransform`.
    """

    def apply(self, img: np.ndarray) -> np.ndarray:
        return color.iminvert(img)


@TRANSFORMS.register_module()
class Equalize(_Plain):
    """Equalise the histogram of each channel.

    Args:
        prob: Probability of the operation.
        **kwargs: See :class:`BaseAugTransform`.
    """

    def apply(self, img: np.ndarray) -> np.ndarray:
        return color.imequalize(img)


@TRANSFORMS.register_module()
class Solarize(BaseAugTransform):
    """Invert the values from a threshold on.

    Args:
        thr: Fixed threshold.
        prob: Probability of the operation.
        **kwargs: See :class:`BaseAugTransform`.
    """

    strength_key = "thr"

    def __init__(self, thr: float | None = None, prob: float = 0.5, **kwargs: Any) -> None:
        super().__init__(prob=prob, random_negative_prob=0.0, **kwargs)
        self.thr = thr
        self._check_strength()

    def apply(self, img: np.ndarray) -> np.ndarray:
        return color.solarize(img, self.strength())


@TRANSFORMS.register_module()
class SolarizeAdd(BaseAugTransform):
    """Add to the values below a threshold.

    Args:
        magnitude: Fixed summand.
        thr: The threshold.
        prob: Probability of the operation.
        **kwargs: See :class:`BaseAugTransform`.
    """

    strength_key = "magnitude"

    def __init__(
        self, magnitude: float | None = None, thr: float = 128, prob: float = 0.5, **kwargs: Any
    ) -> None:
        super().__init__(prob=prob, random_negative_prob=0.0, **kwargs)
        require(isinstance(thr, (int, float)), f"thr must be a number, got {thr!r}")
        self.magnitude = magnitude
        self.thr = thr
        self._check_strength()

    def apply(self, img: np.ndarray) -> np.ndarray:
        return color.solarize_add(img, self.strength(), self.thr)


@TRANSFORMS.register_module()
class Posterize(BaseAugTransform):
    """Keep the highest bits of each value.

    Args:
        bits: Fixed number of bits, at most 8.
        prob: Probability of the operation.
        **kwargs: See :class:`BaseAugTransform`.
    """

    strength_key = "bits"

    def __init__(self, bits: float | None = None, prob: float = 0.5, **kwargs: Any) -> None:
        super().__init__(prob=prob, random_negative_prob=0.0, **kwargs)
        require(bits is None or bits <= 8, f"bits must be at most 8, got {bits!r}")
        self.bits = bits
        self._check_strength()

    def apply(self, img: np.ndarray) -> np.ndarray:
        return color.posterize(img, ceil(self.strength()))


@TRANSFORMS.register_module()
class Contrast(_Signed):
    """Raise or lower the contrast by ``magnitude``.

    Args:
        magnitude: Fixed strength: 0 changes nothing, -1 gives a grey image.
        prob: Probability of the operation.
        random_negative_prob: Probability that the strength is negated.
        **kwargs: See :class:`BaseAugTransform`.
    """

    def apply(self, img: np.ndarray) -> np.ndarray:
        return color.adjust_contrast(img, 1 + self.strength())


@TRANSFORMS.register_module()
class ColorTransform(_Signed):
    """Raise or lower the saturation by ``magnitude``.

    Args:
        magnitude: Fixed strength: 0 changes nothing, -1 gives a grey image.
        prob: Probability of the operation.
        random_negative_prob: Probability that the strength is negated.
        **kwargs: See :class:`BaseAugTransform`.
    """

    def apply(self, img: np.ndarray) -> np.ndarray:
        return color.adjust_color(img, 1 + self.strength())


@TRANSFORMS.register_module()
class Brightness(_Signed):
    """Raise or lower the brightness by ``magnitude``.

    Args:
        magnitude: Fixed strength: 0 changes nothing, -1 gives a black image.
        prob: Probability of the operation.
        random_negative_prob: Probability that the strength is negated.
        **kwargs: See :class:`BaseAugTransform`.
    """

    def apply(self, img: np.ndarray) -> np.ndarray:
        return color.adjust_brightness(img, 1 + self.strength())


@TRANSFORMS.register_module()
class Sharpness(_Signed):
    """Sharpen or smooth by ``magnitude``.

    Args:
        magnitude: Fixed strength: 0 changes nothing, -1 gives a smooth image.
        prob: Probability of the operation.
        random_negative_prob: Probability that the strength is negated.
        **kwargs: See :class:`BaseAugTransform`.
    """

    def apply(self, img: np.ndarray) -> np.ndarray:
        return color.adjust_sharpness(img, 1 + self.strength())


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


@TRANSFORMS.register_module()
class GaussianBlur(BaseAugTransform):
    """Blur.

    Args:
        radius: Fixed radius of the kernel.
        prob: Probability of the operation.
        **kwargs: See :class:`BaseAugTransform`.
    """

    strength_key = "radius"

    def __init__(self, radius: float | None = None, prob: float = 0.5, **kwargs: Any) -> None:
        super().__init__(prob=prob, random_negative_prob=0.0, **kwargs)
        self.radius = radius
        self._check_strength()

    def apply(self, img: np.ndarray) -> np.ndarray:
        blurred = Image.fromarray(img).filter(ImageFilter.GaussianBlur(float(self.strength())))
        return np.array(blurred, dtype=img.dtype)
