"""Operations of AutoAugment and RandAugment that change values."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

from mmpretrain.datasets.transforms.auto_augment_base import BaseAugTransform, SignedAugTransform
from mmpretrain.datasets.transforms.checks import require
from mmpretrain.datasets.transforms.functional import color
from mmpretrain.registry import TRANSFORMS


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
        require(isinstance(thr, (int, float)), f"thr must be a number, got {thr!r}", key="thr")
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
        require(bits is None or bits <= 8, f"bits must be at most 8, got {bits!r}", key="bits")
        self.bits = bits
        self._check_strength()

    def apply(self, img: np.ndarray) -> np.ndarray:
        return color.posterize(img, ceil(self.strength()))


@TRANSFORMS.register_module()
class Contrast(SignedAugTransform):
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
class ColorTransform(SignedAugTransform):
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
class Brightness(SignedAugTransform):
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
class Sharpness(SignedAugTransform):
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
        return color.gaussian_blur(img, float(self.strength()))
