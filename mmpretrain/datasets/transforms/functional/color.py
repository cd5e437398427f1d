"""Brightness, contrast, colour and everything else that changes values and not places.

Most of these functions map each value to another one, whatever the pixel: for uint8 images they run as a
table of 256 entries per channel, which is made with the arithmetic of the original.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from mmpretrain.datasets.transforms.checks import one_of, require, suits

Array = np.ndarray
Numbers = Sequence[float] | np.ndarray

_VALUES = np.arange(256)


def channels_of(img: Array) -> int:
    """Number of channels of an image (H, W) or (H, W, C)."""
    return 1 if img.ndim == 2 else img.shape[2]


def check_range(img: Array) -> None:
    """Refuse images of integers that go beyond 255, which is the lightest value here."""
    suits(
        img.dtype == np.uint8 or img.dtype.kind == "f",
        f"it takes images of 8 bits, or floats from 0 to 255, and gets {img.dtype}",
        "LoadImageFromFile(value_range=(0, 65535)) maps 16 bits to floats from 0 to 255.",
    )


def has_colors(img: Array) -> bool:
    """Whether it is BGR, with or without an alpha channel."""
    return channels_of(img) in (3, 4)


def grey_of(img: Array) -> Array:
    """The grey level of a BGR or BGRA image, (H, W); the mean of other channels."""
    check_range(img)
    if channels_of(img) == 1:
        return img.reshape(img.shape[:2])
    return cv2.cvtColor(img, cv2.COLOR_BGR2GRAY) if has_colors(img) else img.mean(axis=2)


_SHARPNESS_KERNEL = np.array([[1.0, 1.0, 1.0], [1.0, 5.0, 1.0], [1.0, 1.0, 1.0]]) / 13


def _by_value(img: Array, function: Callable[[Array], Array]) -> Array:
    """Apply a function of single values; for uint8 images, to the 256 values there are."""
    check_range(img)
    if img.dtype != np.uint8:
        return function(img).astype(img.dtype)
    return cv2.LUT(img, function(_VALUES.astype(np.uint8)).astype(np.uint8)).reshape(img.shape)


def _histograms(img: Array) -> Array:
    """Histograms of the channels of an image, (C, 256); floats are rounded."""
    check_range(img)
    img = img if img.dtype == np.uint8 else np.clip(np.rint(img), 0, 255).astype(np.uint8)
    counts = [cv2.calcHist([img], [channel], None, [256], [0, 256]) for channel in range(channels_of(img))]
    return np.stack(counts).reshape(len(counts), 256).astype(np.int64)


def _by_channel(img: Array, tables: Array) -> Array:
    """Look up each channel in its own row of (C, 256) ``tables``; floats lie between two entries."""
    if img.dtype != np.uint8:
        rows = [np.interp(plane, _VALUES, table) for plane, table in zip(cv2.split(img), tables)]
        return np.stack(rows, axis=-1).reshape(img.shape).astype(img.dtype)
    planes = [cv2.LUT(plane, table) for plane, table in zip(cv2.split(img), tables.astype(np.uint8))]
    return cv2.merge(planes).reshape(img.shape)


# -- functions of single values ---------------------------------------------------------------------


def iminvert(img: Array) -> Array:
    """Replace each value v by 255 - v."""
    check_range(img)
    return 255 - img


def solarize(img: Array, thr: float = 128) -> Array:
    """Invert the values from a threshold on."""
    if img.dtype == np.uint8:
        return cv2.bitwise_xor(img, cv2.threshold(img, ceil(thr) - 1, 255, cv2.THRESH_BINARY)[1]).reshape(
            img.shape
        )
    return _by_value(img, lambda v: np.where(v < thr, v, 255 - v))


def solarize_add(img: Array, magnitude: float, thr: float = 128) -> Array:
    """Add to the values below a threshold, up to 255."""
    return _by_value(img, lambda v: np.where(v < thr, np.minimum(v + float(magnitude), 255), v))


def posterize(img: Array, bits: int) -> Array:
    """Keep the highest bits of each value."""
    check_range(img)
    if img.dtype != np.uint8:
        step = 2 ** (8 - bits)
        return np.floor(img / step) * step
    return img & np.uint8((0xFF << (8 - bits)) & 0xFF)


def _weigh(values: Array, factor: float, other: Array) -> Array:
    """``factor * values + (1 - factor) * other``, cut to 0..255."""
    mixed = cv2.addWeighted(values.astype(np.float32), factor, other.astype(np.float32), 1 - factor, 0)
    return np.clip(mixed, 0, 255).reshape(values.shape)


def adjust_brightness(img: Array, factor: float = 1.0, backend: str = "cv2") -> Array:
    """Blend with black; factor 0 is black and 1 the image itself."""
    if _is_pillow(backend, img):
        return _by_value(img, lambda v: _pillow_table(v, factor, 0))
    return _by_value(img, lambda v: _weigh(v, factor, np.zeros_like(v)))


def adjust_contrast(img: Array, factor: float = 1.0, backend: str = "cv2") -> Array:
    """Blend with the mean grey level; factor 0 is grey and 1 the image itself."""
    if _is_pillow(backend, img):
        histogram = np.array(_to_pillow(img).convert("L").histogram())
        mean = int(histogram @ _VALUES / histogram.sum() + 0.5)
        return _by_value(img, lambda v: _pillow_table(v, factor, mean))
    grey = grey_of(img)
    total = cv2.sumElems(grey)[0] if grey.dtype == np.uint8 else np.sum(grey, dtype=np.float64)
    mean = round(total / grey.size)
    return _by_value(img, lambda v: _weigh(v, factor, np.full_like(v, mean)))


def _pillow_table(values: Array, factor: float, level: int) -> Array:
    """Blend values with one level as Pillow does."""
    image, flat = (Image.fromarray(row[None]) for row in (values, np.full_like(values, level)))
    return np.asarray(Image.blend(flat, image, factor))[0]


# -- functions of the histogram ---------------------------------------------------------------------


def auto_contrast(img: Array, cutoff: float | tuple[float, float] = 0) -> Array:
    """Stretch each channel to 0..255.

    Args:
        img: The image.
        cutoff: Percentage of pixels to leave out at the dark and at the light end.
    """
    check_range(img)
    ends = [cv2.minMaxLoc(plane)[:2] for plane in cv2.split(img)] if cutoff == 0 else _cut_ends(img, cutoff)
    if all(low >= high or (low, high) == (0, 255) for low, high in ends):
        return img.copy()
    tables = []
    for low, high in ends:
        if low >= high:
            tables.append(_VALUES)
            continue
        scale = 255.0 / (high - low)
        tables.append(np.clip(_VALUES * scale + -low * scale, 0, 255))
    return _by_channel(img, np.stack(tables))


def _cut_ends(img: Array, cutoff: float | tuple[float, float]) -> list[tuple[float, float]]:
    """The darkest and lightest value of each channel, without a percentage of the pixels."""
    low_cut, high_cut = cutoff if isinstance(cutoff, tuple) else (cutoff, cutoff)
    ends = []
    for histogram in _histograms(img):
        total = np.cumsum(histogram)
        dark, light = total[-1] * low_cut // 100, total[-1] - total[-1] * high_cut // 100
        levels = np.flatnonzero(np.diff(np.clip(total, dark, light) - dark, prepend=0))
        ends.append((levels[0], levels[-1]) if len(levels) else (0, 0))
    return ends


def imequalize(img: Array) -> Array:
    """Equalise the histogram of each channel."""
    tables = []
    for histogram in _histograms(img):
        step = (histogram.sum() - histogram[np.flatnonzero(histogram)[-1]]) // 255
        if step == 0:
            tables.append(_VALUES)
            continue
        shifted = np.concatenate([[0], ((np.cumsum(histogram) + step // 2) // step)[:-1]])
        tables.append(np.minimum(shifted, 255))
    return _by_channel(img, np.stack(tables))


# -- functions of colour and neighbourhood ----------------------------------------------------------


def adjust_color(img: Array, alpha: float = 1, backend: str = "cv2") -> Array:
    """Blend with the grey image; alpha 0 is grey and 1 the image itself.

    Images without colours, grey ones and those of other numbers of channels than 3 and 4, stay as they are.
    """
    grey = grey_of(img)
    if not has_colors(img):
        return img
    if channels_of(img) == 4:
        return _beside_alpha(img, lambda colors: adjust_color(colors, alpha, backend))
    if _is_pillow(backend, img):
        return _from_pillow(ImageEnhance.Color(_to_pillow(img)).enhance(alpha))
    mixed = cv2.addWeighted(img, alpha, cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), 1 - alpha, 0)
    return mixed if img.dtype == np.uint8 else np.clip(mixed, 0, 255).astype(img.dtype)


def adjust_hue(img: Array, hue_factor: float, backend: str = "cv2") -> Array:
    """Turn the hue by ``hue_factor`` of the colour circle, from -0.5 to 0.5.

    Images without colours stay as they are.
    """
    require(
        -0.5 <= hue_factor <= 0.5,
        f"hue_factor must lie between -0.5 and 0.5, got {hue_factor!r}",
        key="hue_factor",
    )
    check_range(img)
    if not has_colors(img):
        return img
    if channels_of(img) == 4:
        return _beside_alpha(img, lambda colors: adjust_hue(colors, hue_factor, backend))
    shift = int(hue_factor * 255) % 256
    if _is_pillow(backend, img):
        hue, saturation, value = _to_pillow(img).convert("HSV").split()
        hue = hue.point([(v + shift) % 256 for v in range(256)])
        return _from_pillow(Image.merge("HSV", (hue, saturation, value)).convert("RGB"))
    hsv = cv2.cvtColor(img.astype(np.uint8), cv2.COLOR_BGR2HSV_FULL)
    hsv[..., 0] += np.uint8(shift)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR_FULL).astype(img.dtype)


def adjust_sharpness(img: Array, factor: float = 1.0) -> Array:
    """Blend with the smoothed image; factor 0 is smooth, 1 the image itself, and above 1 sharper."""
    check_range(img)
    smooth = cv2.filter2D(img, -1, _SHARPNESS_KERNEL)
    mixed = cv2.addWeighted(img, factor, smooth, 1 - factor, 0, dtype=cv2.CV_32F)
    return np.clip(mixed, 0, 255, out=mixed).astype(img.dtype)


def gaussian_blur(img: Array, radius: float) -> Array:
    """Blur as Pillow does; floats with a true normal distribution of this deviation."""
    check_range(img)
    if img.dtype != np.uint8:
        return cv2.GaussianBlur(img, (0, 0), radius).reshape(img.shape)
    blur = ImageFilter.GaussianBlur(radius)
    if channels_of(img) in (3, 4):
        return np.array(Image.fromarray(img).filter(blur))
    planes = [np.array(Image.fromarray(plane).filter(blur)) for plane in cv2.split(img)]
    return np.stack(planes, axis=-1).reshape(img.shape)


def adjust_lighting(img: Array, eigval: Array, eigvec: Array, alphastd: float = 0.1) -> Array:
    """Add noise along the principal components of the colours, as in AlexNet.

    Args:
        img: The image.
        eigval: Eigenvalues (N,) of the covariance of the colours.
        eigvec: Eigenvectors (3, N).
        alphastd: Standard deviation of the noise, in units of the eigenvalues.

    Returns:
        float64, with values that may leave the range of the image.
    """
    suits(
        channels_of(img) == 3,
        f"it takes images of 3 channels, whose colours it changes, and gets {channels_of(img)}",
    )
    alpha = np.random.normal(0, alphastd, len(eigval))
    return img.astype(np.float32) + (eigvec * alpha * eigval).sum(axis=1)


def imnormalize(img: Array, mean: Numbers, std: Numbers, to_rgb: bool = True) -> Array:
    """Return ``(img - mean) / std`` as float32; ``to_rgb`` reverses the channels first."""
    for name, numbers in (("mean", mean), ("std", std)):
        suits(
            np.size(numbers) in (1, channels_of(img)),
            f"{name} has {np.size(numbers)} numbers, and the image {channels_of(img)} channels",
            key=name,
        )
    out = img.astype(np.float32)
    if to_rgb and channels_of(img) == 3:
        out = cv2.cvtColor(out, cv2.COLOR_BGR2RGB)
    cv2.subtract(out, _row(mean), out)
    cv2.multiply(out, 1 / _row(std), out)
    return out


def imdenormalize(img: Array, mean: Numbers, std: Numbers, to_bgr: bool = True) -> Array:
    """Undo :func:`imnormalize`; the result is float32."""
    out = cv2.add(cv2.multiply(img, _row(std)), _row(mean))
    return cv2.cvtColor(out, cv2.COLOR_RGB2BGR) if to_bgr else out


def _row(numbers: Numbers) -> Array:
    return np.asarray(numbers, dtype=np.float64).reshape(1, -1)


def _is_pillow(backend: str, img: Array) -> bool:
    """Whether Pillow does it; it has no floats, and no other numbers of channels."""
    one_of("backend", backend, ("cv2", "pillow"))
    check_range(img)
    return backend == "pillow" and img.dtype == np.uint8 and channels_of(img) in (1, 3, 4)


def _beside_alpha(img: Array, function: Callable[[Array], Array]) -> Array:
    """Change the colours of a BGRA image, and leave its alpha channel."""
    out = img.copy()
    out[..., :3] = function(np.ascontiguousarray(img[..., :3]))
    return out


def _to_pillow(img: Array) -> Image.Image:
    if channels_of(img) == 1:
        return Image.fromarray(img.reshape(img.shape[:2]))
    return Image.fromarray(cv2.cvtColor(img, cv2.COLOR_BGRA2RGB if img.shape[2] == 4 else cv2.COLOR_BGR2RGB))


def _from_pillow(image: Image.Image) -> Array:
    return cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2BGR)
