"""Reading, resizing, cropping and padding images with the arguments that ``mmcv.image`` had."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Number
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmpretrain.datasets.transforms.functional import color, geometry, io
from mmpretrain.errors import ConfigError

Array = np.ndarray
#: What is beyond the border of an image that is rotated.
BORDER_MODES = {
    "constant": cv2.BORDER_CONSTANT,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "reflect_101": cv2.BORDER_REFLECT_101,
    "wrap": cv2.BORDER_WRAP,
    "transparent": cv2.BORDER_TRANSPARENT,
    "isolated": cv2.BORDER_ISOLATED,
}


def imread(
    img_or_path: Array | str | Path,
    flag: str = "color",
    channel_order: str = "bgr",
    backend: str | None = None,
    file_client_args: dict | None = None,
    *,
    backend_args: dict | None = None,
) -> Array:
    """Read an image; an array is returned as it is."""
    if isinstance(img_or_path, np.ndarray):
        return img_or_path
    return io.imread(img_or_path, flag, channel_order, backend or "cv2", backend_args or file_client_args)


def imfrombytes(
    content: bytes, flag: str = "color", channel_order: str = "bgr", backend: str | None = None
) -> Array:
    """Decode an image."""
    return io.imfrombytes(content, flag, channel_order, backend or "cv2")


def imwrite(
    img: Array,
    file_path: str | Path,
    params: list[int] | None = None,
    auto_mkdir: bool | None = None,
    file_client_args: dict | None = None,
    *,
    backend_args: dict | None = None,
) -> bool:
    """Write a BGR image; the suffix names the format. Missing folders are made."""
    from mmpretrain.utils import fileio

    done, data = cv2.imencode(Path(file_path).suffix, img, params or [])
    fileio.write_bytes(data.tobytes(), file_path, backend_args or file_client_args)
    return done


def imresize(
    img: Array,
    size: tuple[int, int],
    return_scale: bool = False,
    interpolation: str = "bilinear",
    out: Array | None = None,
    backend: str | None = None,
) -> Any:
    """Resize to (width, height).

    Args:
        img: The image.
        size: The new size.
        return_scale: Also return the factors of both edges.
        interpolation: ``'nearest'``, ``'bilinear'``, ``'bicubic'``, ``'area'`` or ``'lanczos'``.
        out: Where to put the result.
        backend: ``'cv2'`` or ``'pillow'``.
    """
    resized = geometry.imresize(img, size, interpolation, backend or "cv2")
    if out is not None:
        out[...] = resized
        resized = out
    return (resized, size[0] / img.shape[1], size[1] / img.shape[0]) if return_scale else resized


def rescale_size(
    old_size: tuple[int, int], scale: float | tuple[int, int], return_scale: bool = False
) -> Any:
    """Return the size after scaling with the aspect ratio kept.

    Args:
        old_size: (width, height).
        scale: A factor, or the longest edges that are allowed.
        return_scale: Also return the factor.
    """
    size = geometry.rescale_size(old_size, scale)
    if not return_scale:
        return size
    if isinstance(scale, Number):
        return size, scale
    long, short = max(scale), min(scale)  # type: ignore[arg-type]
    return size, min(long / max(old_size), short / min(old_size))


def imrescale(
    img: Array,
    scale: float | tuple[int, int],
    return_scale: bool = False,
    interpolation: str = "bilinear",
    backend: str | None = None,
) -> Any:
    """Resize with the aspect ratio kept; see :func:`rescale_size`."""
    height, width = img.shape[:2]
    size, factor = rescale_size((width, height), scale, return_scale=True)
    resized = geometry.imresize(img, size, interpolation, backend or "cv2")
    return (resized, factor) if return_scale else resized


def imcrop(
    img: Array, bboxes: Array, scale: float = 1.0, pad_fill: float | Sequence[float] | None = None
) -> Any:
    """Cut boxes out of an image.

    Args:
        img: The image.
        bboxes: One box (4,), or several (N, 4): left, top, right and bottom, all included.
        scale: How much larger the boxes are made, around their centres.
        pad_fill: What to fill with where a box leaves the image; without it the box is cut.

    Returns:
        An image, or a list of them.
    """
    boxes = np.asarray(bboxes)
    patches = [_patch(img, box, scale, pad_fill) for box in np.atleast_2d(boxes)]
    return patches[0] if boxes.ndim == 1 else patches


def _patch(img: Array, box: Array, scale: float, pad_fill: float | Sequence[float] | None) -> Array:
    height, width = img.shape[:2]
    left, top, right, bottom = box
    if scale != 1.0:
        grow_x, grow_y = (right - left + 1) * (scale - 1) / 2, (bottom - top + 1) * (scale - 1) / 2
        left, top, right, bottom = left - grow_x, top - grow_y, right + grow_x, bottom + grow_y
    left, top, right, bottom = (int(edge) for edge in (left, top, right, bottom))
    inside = [max(left, 0), max(top, 0), min(right, width - 1), min(bottom, height - 1)]
    patch = img[inside[1] : inside[3] + 1, inside[0] : inside[2] + 1]
    if pad_fill is None:
        return patch
    missing = (inside[0] - left, inside[1] - top, right - inside[2], bottom - inside[3])
    channels = 1 if img.ndim == 2 else img.shape[2]
    fill = (pad_fill,) * channels if isinstance(pad_fill, (int, float)) else pad_fill
    return geometry.impad(patch, missing, fill)


def impad(
    img: Array,
    *,
    shape: tuple[int, int] | None = None,
    padding: int | Sequence[int] | None = None,
    pad_val: float | Sequence[float] = 0,
    padding_mode: str = "constant",
) -> Array:
    """Pad an image to a size, or by a number of pixels at each side.

    Args:
        img: The image.
        shape: The new (height, width); padding goes to the right and the bottom.
        padding: Pixels at (left, top, right, bottom), or (left and right, top and bottom), or everywhere.
        pad_val: What to fill with.
        padding_mode: ``'constant'``, ``'edge'``, ``'reflect'`` or ``'symmetric'``.
    """
    if (shape is None) == (padding is None):
        raise ConfigError("impad needs either shape or padding")
    if shape is not None:
        return geometry.pad_to(img, shape[0], shape[1], pad_val, padding_mode)
    sides = (padding,) * 4 if isinstance(padding, int) else tuple(padding or ())
    return geometry.impad(img, sides * 2 if len(sides) == 2 else sides, pad_val, padding_mode)


def imrotate(
    img: Array,
    angle: float,
    center: tuple[float, float] | None = None,
    scale: float = 1.0,
    border_value: Any = 0,
    interpolation: str = "bilinear",
    auto_bound: bool = False,
    border_mode: str = "constant",
) -> Array:
    """Rotate an image clockwise.

    Args:
        img: The image.
        angle: Degrees.
        center: The point to turn around; by default the middle of the image.
        scale: How much larger it becomes.
        border_value: What to fill with.
        interpolation: ``'nearest'``, ``'bilinear'``, ``'bicubic'``, ``'area'`` or ``'lanczos'``.
        auto_bound: Make the image large enough for all of what was turned.
        border_mode: What is beyond the border: a key of :data:`BORDER_MODES`.
    """
    if center is not None and auto_bound:
        raise ConfigError("`auto_bound` conflicts with `center`")
    height, width = img.shape[:2]
    middle = ((width - 1) * 0.5, (height - 1) * 0.5) if center is None else center
    matrix = cv2.getRotationMatrix2D(middle, -angle, scale)
    if auto_bound:
        cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
        new_width, new_height = height * sin + width * cos, height * cos + width * sin
        matrix[0, 2] += (new_width - width) * 0.5
        matrix[1, 2] += (new_height - height) * 0.5
        width, height = round(new_width), round(new_height)
    return cv2.warpAffine(
        img,
        matrix,
        (width, height),
        flags=geometry.CV2_INTERPOLATION[interpolation],
        borderMode=BORDER_MODES[border_mode],
        borderValue=border_value,
    )


def adjust_color(
    img: Array, alpha: float = 1, beta: float | None = None, gamma: float = 0, backend: str | None = None
) -> Array:
    """Blend an image with its grey version: ``alpha * img + beta * grey + gamma``; beta is ``1 - alpha``."""
    if beta is None and gamma == 0:
        return color.adjust_color(img, alpha, backend or "cv2")
    grey = cv2.cvtColor(cv2.cvtColor(img, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    mixed = cv2.addWeighted(img, alpha, grey, 1 - alpha if beta is None else beta, gamma)
    return mixed if img.dtype == np.uint8 else np.clip(mixed, 0, 255)


def adjust_lighting(
    img: Array, eigval: Any, eigvec: Any, alphastd: float = 0.1, to_rgb: bool = True
) -> Array:
    """Add noise along the principal components of the colours; ``to_rgb`` turns a BGR image to RGB first."""
    image = img[..., ::-1] if to_rgb else img
    noisy = color.adjust_lighting(image, np.asarray(eigval), np.asarray(eigvec), alphastd)
    return np.ascontiguousarray(noisy[..., ::-1] if to_rgb else noisy)


def adjust_sharpness(img: Array, factor: float = 1.0, kernel: Array | None = None) -> Array:
    """Blend an image with a smoothed version, which ``kernel`` makes."""
    if kernel is None:
        return color.adjust_sharpness(img, factor)
    smooth = cv2.filter2D(img, -1, kernel / np.sum(kernel))
    mixed = cv2.addWeighted(img.astype(np.float32), factor, smooth.astype(np.float32), 1 - factor, 0)
    return np.clip(mixed, 0, 255).astype(img.dtype)


def _scale_size(size: tuple[int, int], scale: float | tuple[float, float]) -> tuple[int, int]:
    """Return (width, height) times a factor, or a factor for each, rounded."""
    across, down = (scale, scale) if isinstance(scale, (int, float)) else scale
    return int(size[0] * float(across) + 0.5), int(size[1] * float(down) + 0.5)
