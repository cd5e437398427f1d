"""Random colours, grey images and normalisation."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import one_of, probability, require, suits
from mmpretrain.datasets.transforms.functional import color
from mmpretrain.datasets.transforms.randomness import cache_randomness
from mmpretrain.registry import TRANSFORMS

logger = logging.getLogger("mmpretrain")

Strength = float | Sequence[float]


@TRANSFORMS.register_module()
class ColorJitter(BaseTransform):
    """Change brightness, contrast, saturation and hue at random, in random order.

    Args:
        brightness: Factors are drawn from ``[1 - x, 1 + x]``, or from a range (min, max).
        contrast: The same for the contrast.
        saturation: The same for the saturation.
        hue: Shifts are drawn from ``[-x, x]`` or from a range, within -0.5 and 0.5 of the colour circle.
        backend: ``'pillow'`` or ``'cv2'``.
    """

    def __init__(
        self,
        brightness: Strength = 0.0,
        contrast: Strength = 0.0,
        saturation: Strength = 0.0,
        hue: Strength = 0.0,
        backend: str = "pillow",
    ) -> None:
        one_of("backend", backend, ("cv2", "pillow"))
        self.brightness = _range("brightness", brightness)
        self.contrast = _range("contrast", contrast)
        self.saturation = _range("saturation", saturation)
        self.hue = _range("hue", hue, neutral=0, low=-0.5, high=0.5)
        self.backend = backend
        self._operations = [
            partial(operation, backend=backend)
            for operation in (
                color.adjust_brightness,
                color.adjust_contrast,
                color.adjust_color,
                color.adjust_hue,
            )
        ]

    @cache_randomness
    def _rand_params(self) -> list[tuple[int, float]]:
        """Draw the operations to apply, in their order, with their strengths."""
        order = np.random.permutation(4)
        ranges = (self.brightness, self.contrast, self.saturation, self.hue)
        strengths = [None if bounds is None else np.random.uniform(*bounds) for bounds in ranges]
        return [(i, strengths[i]) for i in order if strengths[i] is not None]  # type: ignore[misc]

    def transform(self, results: dict) -> dict:
        img = results["img"]
        for index, strength in self._rand_params():
            img = self._operations[index](img, strength)
        results["img"] = img
        return results


def _range(
    name: str, value: Any, neutral: float = 1, low: float = 0.0, high: float = float("inf")
) -> tuple[float, float] | None:
    """The range to draw from; None when it holds the neutral value only."""
    if isinstance(value, (int, float)):
        require(
            value >= 0,
            f"{name} must not be negative, got {value!r}",
            "Give a range (min, max) instead.",
            key=name,
        )
        value = (neutral - float(value), neutral + float(value))
    require(
        isinstance(value, Sequence) and len(value) == 2,
        f"{name} must be a number or (min, max), got {value!r}",
        key=name,
    )
    if not low <= value[0] <= value[1] <= high:
        logger.warning("ColorJitter: %s=%s is cut to the allowed range %s..%s", name, value, low, high)
        value = tuple(float(bound) for bound in np.clip(value, low, high))
    return None if value[0] == value[1] == neutral else (value[0], value[1])


@TRANSFORMS.register_module()
class Lighting(BaseTransform):
    """Add noise along the principal components of the colours, as in AlexNet.

    Args:
        eigval: Eigenvalues of the covariance of the colours.
        eigvec: Eigenvectors, three rows.
        alphastd: Standard deviation of the noise, in units of the eigenvalues.
        to_rgb: Reverse the channels first.
    """

    def __init__(
        self,
        eigval: Sequence[float],
        eigvec: Sequence[Sequence[float]],
        alphastd: float = 0.1,
        to_rgb: bool = False,
    ) -> None:
        require(
            len(eigvec) == 3 and all(len(row) == len(eigval) for row in eigvec),
            f"eigvec must be three rows of {len(eigval)} numbers, got {eigvec!r}",
            key="eigvec",
        )
        self.eigval = np.array(eigval)
        self.eigvec = np.array(eigvec)
        self.alphastd = alphastd
        self.to_rgb = to_rgb

    def transform(self, results: dict) -> dict:
        img = results["img"]
        if self.to_rgb and color.channels_of(img) == 3:
            img = cv2.cvtColor(img, cv2.COLOR_BGR2RGB)
        lit = color.adjust_lighting(img, self.eigval, self.eigvec, self.alphastd)
        # Values of uint8 images wrap around at 0 and 255. That is how the published models were trained.
        results["img"] = (
            lit.astype(np.int64).astype(np.uint8) if img.dtype == np.uint8 else lit.astype(img.dtype)
        )
        return results


@TRANSFORMS.register_module()
class RandomGrayscale(BaseTransform):
    """Make the image grey with some probability; it comes out as uint8.

    Args:
        prob: The probability.
        keep_channels: Repeat the grey value in all channels; otherwise the result is (H, W).
        channel_weights: Weight of each channel in the grey value; equal ones serve any number of channels.
        color_format: ``'bgr'``, ``'rgb'`` or ``'hsv'``; the last is converted to BGR.
    """

    def __init__(
        self,
        prob: float = 0.1,
        keep_channels: bool = False,
        channel_weights: Sequence[float] = (1.0, 1.0, 1.0),
        color_format: str = "bgr",
    ) -> None:
        probability("prob", prob)
        one_of("color_format", color_format, ("bgr", "rgb", "hsv"))
        self.prob = prob
        self.keep_channels = keep_channels
        self.channel_weights = channel_weights
        self.color_format = color_format

    @cache_randomness
    def _random_prob(self) -> float:
        return random.random()

    def transform(self, results: dict) -> dict:
        img = results["img"]
        color.check_range(img)
        if self.color_format == "hsv":
            img = cv2.cvtColor(img, cv2.COLOR_HSV2BGR)
        img = img[..., None] if img.ndim == 2 else img
        if self._random_prob() < self.prob and img.shape[2] > 1:
            img = self._grey(img)
        results["img"] = img.astype(np.uint8, copy=False)
        return results

    def _grey(self, img: np.ndarray) -> np.ndarray:
        channels = img.shape[2]
        equal = len(set(self.channel_weights)) == 1
        suits(
            equal or channels == len(self.channel_weights),
            f"channel_weights needs {channels} numbers for this image, got {self.channel_weights!r}",
            key="channel_weights",
        )
        weights = np.array(self.channel_weights) / sum(self.channel_weights)
        weights = np.full(channels, 1 / channels) if equal and channels != len(weights) else weights
        grey = (weights * img).sum(axis=2).astype(np.uint8)
        return np.repeat(grey[..., None], channels, axis=2) if self.keep_channels else grey


@TRANSFORMS.register_module()
class Normalize(BaseTransform):
    """Subtract the mean and divide by the standard deviation; sets ``img`` (float32) and ``img_norm_cfg``.

    Data preprocessors do this on the device, for the whole batch; this is for pipelines of 0.x.

    Args:
        mean: Mean of each channel, in the order after ``to_rgb``.
        std: Standard deviation of each channel.
        to_rgb: Reverse the channels, from BGR.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], to_rgb: bool = True) -> None:
        self.mean = np.array(mean, dtype=np.float32)
        self.std = np.array(std, dtype=np.float32)
        self.to_rgb = to_rgb

    def transform(self, results: dict) -> dict:
        results["img"] = color.imnormalize(results["img"], self.mean, self.std, self.to_rgb)
        results["img_norm_cfg"] = {"mean": self.mean, "std": self.std, "to_rgb": self.to_rgb}
        return results
