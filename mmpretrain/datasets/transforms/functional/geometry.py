"""Resizing, cropping, padding, flipping and warping."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from numbers import Number
from typing import Any, Literal

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from mmpretrain.datasets.transforms.checks import one_of, require
from mmpretrain.errors import DataError

Array = np.ndarray
Direction = Literal["horizontal", "vertical"]
#: (top, left, height, width)
Box = tuple[int, int, int, int]

CV2_INTERPOLATION = {
    "nearest": cv2.INTER_NEAREST,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
    "lanczos": cv2.INTER_LANCZOS4,
}
PILLOW_INTERPOLATION = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "box": Image.Resampling.BOX,
    "lanczos": Image.Resampling.LANCZOS,
    "hamming": Image.Resampling.HAMMING,
}
INTERPOLATION = {"cv2": CV2_INTERPOLATION, "pillow": PILLOW_INTERPOLATION}
FLIP_CODES = {"horizontal": 1, "vertical": 0, "diagonal": -1}
BORDER = {
    "constant": cv2.BORDER_CONSTANT,
    "edge": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT_101,
    "symmetric": cv2.BORDER_REFLECT,
}


def is_plain_image(img: Array) -> bool:
    """Whether it is a uint8 colour image that OpenCV takes without a copy."""
    return (
        img.ndim == 3
        and img.shape[2] == 3
        and img.dtype == np.uint8
        and min(img.strides) > 0
        and img.size > 0
    )


def check_resampling(backend: str, interpolation: str) -> None:
    """Check a resize backend and its interpolation."""
    one_of("backend", backend, INTERPOLATION)
    one_of(f"interpolation (backend {backend!r})", interpolation, INTERPOLATION[backend])


def imresize(
    img: Array, size: tuple[int, int], interpolation: str = "bilinear", backend: str = "cv2"
) -> Array:
    """Resize to ``size``, which is (width, height)."""
    if backend == "cv2":
        try:
            return cv2.resize(img, size, interpolation=CV2_INTERPOLATION[interpolation])
        except cv2.error as error:
            raise DataError(
                f"OpenCV cannot resize an image of {img.dtype} and shape {img.shape} to "
                f"{size[0]} x {size[1]} pixels ({interpolation})",
                hint="LoadImageFromFile gives uint8 with color_type='color'.",
            ) from error
    check_resampling(backend, interpolation)
    filter_ = PILLOW_INTERPOLATION[interpolation]
    if img.dtype == np.uint8 and (img.ndim == 2 or img.shape[2] in (3, 4)):
        return np.array(Image.fromarray(img).resize(size, filter_))
    planes = [_resize_plane(plane, size, filter_) for plane in np.atleast_3d(img).transpose(2, 0, 1)]
    return planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)


def _resize_plane(plane: Array, size: tuple[int, int], filter_: Image.Resampling) -> Array:
    """Resize one channel with Pillow, which computes all but bytes in floats."""
    if plane.dtype == np.uint8:
        return np.array(Image.fromarray(plane).resize(size, filter_))
    resized = np.array(Image.fromarray(plane.astype(np.float32)).resize(size, filter_))
    if plane.dtype.kind in "iu":
        limits = np.iinfo(plane.dtype)
        resized = np.clip(np.rint(resized.astype(np.float64)), limits.min, limits.max)
    return resized.astype(plane.dtype)


def imresize_fast(img: Array, size: tuple[int, int], interpolation: str) -> Array:
    """Resize as the pillow backend does, in a fraction of its time; pixels may differ by rounding.

    torch has the bilinear and bicubic filters of Pillow, with the vector instructions that Pillow lacks.
    """
    if interpolation not in ("bilinear", "bicubic") or not is_plain_image(img):
        return imresize(img, size, interpolation, "pillow")
    planes = torch.from_numpy(img if img.flags.writeable else img.copy()).permute(2, 0, 1)[None]
    resized = F.interpolate(planes, size=(size[1], size[0]), mode=interpolation, antialias=True)
    return cv2.merge(list(resized[0].numpy()))


#: Pixels on each side of a part that are resized with it, for the neighbours that a filter looks at.
PART_MARGIN = 2
#: How far a part may grow for a better place to start.
PART_SEARCH = 12


def imresize_part(img: Array, scale: tuple[float, float], part: Box, interpolation: str) -> Array:
    """Make a part of a smaller image, without the rest of it.

    It begins where a pixel of the result begins nearly at a whole pixel of the image. What remains, about
    1/50 of a pixel, is how far the result is off.

    Args:
        img: The image. What is outside of :func:`source_of_part` may be missing.
        scale: How many pixels one of the result spans, (vertical, horizontal); at least 1.
        part: The part of the result.
        interpolation: ``'bilinear'`` or ``'bicubic'`` of OpenCV.
    """
    first, source, end = zip(*map(_part_span, part[:2], part[2:], scale, img.shape))
    img = img[source[0] : end[0], source[1] : end[1]]
    flag = CV2_INTERPOLATION[interpolation]
    resized = cv2.resize(img, None, fx=1 / scale[1], fy=1 / scale[0], interpolation=flag)
    return imcrop(resized, part[0] - first[0], part[1] - first[1], *part[2:])


@functools.lru_cache(maxsize=1024)
def _part_span(start: int, length: int, scale: float, size: int) -> tuple[int, int, int]:
    """The first pixel of the result that is made, and the first and last source pixel for it."""
    latest = max(start - PART_MARGIN, 0)
    offsets = range(max(latest - PART_SEARCH, 0), latest + 1)
    first = min(offsets, key=lambda pixel: abs(pixel * scale - round(pixel * scale)))
    return first, round(first * scale), min(math.ceil((start + length + PART_MARGIN) * scale), size)


def imresize_start(
    img: Array, shape: tuple[int, int], size: tuple[int, int], until: tuple[int, int]
) -> Array:
    """Resize as :func:`imresize` does, bilinear with OpenCV, without what lies below and to the right.

    Pixels are the same, bit by bit. Those of other filters depend on where a row ends.

    Args:
        img: The image, of which rows below :func:`source_of_part` may be missing.
        shape: (height, width) of the whole image.
        size: (height, width) of the whole result.
        until: (row, column) up to which the result is needed; it may have more of them.
    """
    rows, columns = _end_of_start(until[0], shape[0], size[0]), _end_of_start(until[1], shape[1], size[1])
    fy, fx = size[0] / shape[0], size[1] / shape[1]
    return cv2.resize(img[:rows, :columns], None, fx=fx, fy=fy, interpolation=cv2.INTER_LINEAR)


@functools.lru_cache(maxsize=1024)
def _end_of_start(until: int, size: int, result: int) -> int:
    """Where a line may end that is resized up to a pixel of the result."""
    end = source_of_part(0, until, size, result, "bilinear", False)[1]
    # The number of pixels is rounded; one more of the image gives at least what is needed.
    return min(end + math.ceil(1 / (result / size)), size)


#: How far the filters look, in pixels of the image or of the result, whichever are larger.
_REACH = {"bicubic": 2, "lanczos": 4}


@functools.lru_cache(maxsize=1024)
def source_of_part(
    start: int, length: int, size: int, result: int, interpolation: str, alone: bool
) -> tuple[int, int]:
    """The first pixel, and that after the last, that a part of a resized line is made from.

    Args:
        start: Where the part begins in the result.
        length: How long it is.
        size: Length of the line.
        result: Length after resizing.
        interpolation: The filter.
        alone: Whether :func:`imresize_part` makes nothing but the part, maybe of an image that is reduced
            before; otherwise it is cut out of what :func:`imresize` makes.
    """
    scale = size / result
    reach = (_REACH.get(interpolation, 1) + 1) * max(scale, 1.0)
    before = max(reach, (PART_MARGIN + PART_SEARCH) * scale) if alone else reach
    after = max(reach, 2 * PART_MARGIN * scale) if alone else reach
    return max(math.floor(start * scale - before), 0), min(math.ceil((start + length) * scale + after), size)


def scale_size(size: tuple[int, int], factor: float | tuple[float, float]) -> tuple[int, int]:
    """Multiply a size by one factor, or by one for each side, rounding half up."""
    first, second = factor if isinstance(factor, tuple) else (factor, factor)
    return int(size[0] * float(first) + 0.5), int(size[1] * float(second) + 0.5)


def rescale_size(size: tuple[int, int], scale: float | tuple[int, int]) -> tuple[int, int]:
    """Size after scaling with the aspect ratio kept.

    Args:
        size: (width, height) before.
        scale: A factor, or the largest allowed (long edge, short edge) in any order.
    """
    if isinstance(scale, Number):
        require(scale > 0, f"scale must be positive, got {scale!r}", key="scale")  # type: ignore[operator]
        return scale_size(size, scale)  # type: ignore[arg-type]
    factor = min(max(scale) / max(size), min(scale) / min(size))  # type: ignore[arg-type]
    return scale_size(size, factor)


def imrescale(
    img: Array, scale: float | tuple[int, int], interpolation: str = "bilinear", backend: str = "cv2"
) -> Array:
    """Resize with the aspect ratio kept; see :func:`rescale_size`."""
    height, width = img.shape[:2]
    return imresize(img, rescale_size((width, height), scale), interpolation, backend)


def imcrop(img: Array, top: int, left: int, height: int, width: int) -> Array:
    """Cut out a box, or the part of it that lies in the image. The result is a view."""
    top, left = max(top, 0), max(left, 0)
    return img[top : top + height, left : left + width]


def center_box(img_height: int, img_width: int, height: int, width: int) -> tuple[int, int, int, int]:
    """(top, left, height, width) of the central crop, cut to the image."""
    top = max(0, round((img_height - height) / 2.0))
    left = max(0, round((img_width - width) / 2.0))
    return top, left, min(img_height - top, height), min(img_width - left, width)


def imflip(img: Array, direction: str = "horizontal") -> Array:
    """Flip along an axis, or along both (``'diagonal'``). The result may be a view."""
    one_of("direction", direction, FLIP_CODES)
    if is_plain_image(img):
        # Laid out again, it is packed into a tensor several times as fast as a view with negative strides.
        return cv2.flip(img, FLIP_CODES[direction])
    if direction == "horizontal":
        return img[:, ::-1]
    return img[::-1] if direction == "vertical" else img[::-1, ::-1]


def imflip_later(img: Array, direction: str = "horizontal") -> Array:
    """Flip for what takes views with negative strides; pixels stay where they are if that is possible."""
    return img[:, ::-1] if direction == "horizontal" else imflip(img, direction)


def impad(
    img: Array, padding: Sequence[int], pad_val: float | Sequence[float] = 0, padding_mode: str = "constant"
) -> Array:
    """Pad the borders by (left, top, right, bottom) pixels."""
    left, top, right, bottom = padding
    value = tuple(pad_val) if isinstance(pad_val, Sequence) else pad_val
    if isinstance(value, tuple):
        channels = 1 if img.ndim == 2 else img.shape[2]
        require(
            len(value) == channels,
            f"pad_val needs a value for each of {channels} channels, got {pad_val!r}",
            key="pad_val",
        )
    return _by_fours(
        img,
        value,
        lambda part, fill: cv2.copyMakeBorder(
            part, top, bottom, left, right, BORDER[padding_mode], value=fill
        ),
    )


def _by_fours(img: Array, value: Any, function: Callable[[Array, Any], Array]) -> Array:
    """Apply a function with a fill value to four channels at a time, which is all that OpenCV takes."""
    if img.ndim == 2 or img.shape[2] <= 4:
        return function(img, value)
    values = value if isinstance(value, Sequence) else (value,) * img.shape[2]
    parts = []
    for first in range(0, img.shape[2], 4):
        part = np.ascontiguousarray(img[..., first : first + 4])
        parts.append(np.atleast_3d(function(part, tuple(values[first : first + 4]))))
    return np.concatenate(parts, axis=2)


def pad_to(
    img: Array, height: int, width: int, pad_val: float | Sequence[float] = 0, padding_mode: str = "constant"
) -> Array:
    """Pad on the right and at the bottom to at least the given size."""
    right, bottom = max(width - img.shape[1], 0), max(height - img.shape[0], 0)
    return impad(img, (0, 0, right, bottom), pad_val, padding_mode)


def imrotate(
    img: Array,
    angle: float,
    center: tuple[float, float] | None = None,
    scale: float = 1.0,
    border_value: Any = 0,
    interpolation: str = "bilinear",
) -> Array:
    """Rotate clockwise by ``angle`` degrees around ``center`` (the middle of the image by default)."""
    height, width = img.shape[:2]
    if center is None:
        center = ((width - 1) * 0.5, (height - 1) * 0.5)
    matrix = cv2.getRotationMatrix2D(center, -angle, scale)
    return _warp(img, matrix, border_value, interpolation)


def imshear(
    img: Array,
    magnitude: float,
    direction: Direction = "horizontal",
    border_value: Any = 0,
    interpolation: str = "bilinear",
) -> Array:
    """Shear by ``magnitude`` pixels per pixel."""
    matrix = np.eye(2, 3, dtype=np.float32)
    matrix[(0, 1) if direction == "horizontal" else (1, 0)] = magnitude
    return _warp(img, matrix, _per_channel(img, border_value), interpolation)


def imtranslate(
    img: Array,
    offset: float,
    direction: Direction = "horizontal",
    border_value: Any = 0,
    interpolation: str = "bilinear",
) -> Array:
    """Move by ``offset`` pixels to the right or down."""
    matrix = np.eye(2, 3, dtype=np.float32)
    matrix[(0, 2) if direction == "horizontal" else (1, 2)] = offset
    return _warp(img, matrix, _per_channel(img, border_value), interpolation)


def _warp(img: Array, matrix: Array, border_value: Any, interpolation: str) -> Array:
    height, width = img.shape[:2]
    flags = CV2_INTERPOLATION[interpolation]
    return _by_fours(
        img,
        border_value,
        lambda part, fill: cv2.warpAffine(part, matrix, (width, height), flags=flags, borderValue=fill),
    )


def _per_channel(img: Array, value: Any) -> tuple[float, ...]:
    channels = 1 if img.ndim == 2 else img.shape[2]
    values = (value,) * channels if isinstance(value, (int, float)) else tuple(value)
    require(
        len(values) == channels,
        f"pad_val needs a value for each of {channels} channels, got {value!r}",
        key="pad_val",
    )
    return values


def cutout(img: Array, shape: int | tuple[int, int], pad_val: float | Sequence[float] = 0) -> Array:
    """Fill a randomly placed rectangle of (height, width) ``shape``.

    Args:
        img: The image; it is copied.
        shape: Size of the rectangle; an int gives a square.
        pad_val: Fill value, for all channels or one for each.
    """
    cut_h, cut_w = (shape, shape) if isinstance(shape, int) else shape
    height, width = img.shape[:2]
    # The draws are those of the original, in its order: first y, then x.
    center_y, center_x = np.random.uniform(height), np.random.uniform(width)
    top, left = int(max(0, center_y - cut_h / 2.0)), int(max(0, center_x - cut_w / 2.0))
    out = img.copy()
    out[top : min(height, top + cut_h), left : min(width, left + cut_w)] = pad_val
    return out
