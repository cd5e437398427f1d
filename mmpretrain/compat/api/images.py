"""Colour spaces, changes in place and windows: functions of ``mmcv.image`` that no transform here needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

import cv2
import numpy as np
import torch

from mmpretrain.datasets.transforms.functional import color, geometry, io
from mmpretrain.errors import ConfigError

Array = np.ndarray


def _converter(code: int, doc: str) -> Callable[[Array], Array]:
    def convert(img: Array) -> Array:
        return cv2.cvtColor(img, code)

    convert.__doc__ = doc
    return convert


bgr2rgb = _converter(cv2.COLOR_BGR2RGB, "Convert an image (H, W, 3) from BGR to RGB.")
rgb2bgr = _converter(cv2.COLOR_RGB2BGR, "Convert an image (H, W, 3) from RGB to BGR.")
bgr2hsv = _converter(cv2.COLOR_BGR2HSV, "Convert an image (H, W, 3) from BGR to HSV.")
hsv2bgr = _converter(cv2.COLOR_HSV2BGR, "Convert an image (H, W, 3) from HSV to BGR.")
bgr2hls = _converter(cv2.COLOR_BGR2HLS, "Convert an image (H, W, 3) from BGR to HLS.")
hls2bgr = _converter(cv2.COLOR_HLS2BGR, "Convert an image (H, W, 3) from HLS to BGR.")
gray2bgr_plane = _converter(cv2.COLOR_GRAY2BGR, "Convert an image (H, W) to BGR.")
gray2rgb_plane = _converter(cv2.COLOR_GRAY2RGB, "Convert an image (H, W) to RGB.")


def gray2bgr(img: Array) -> Array:
    """Convert a grey image (H, W) or (H, W, 1) to BGR."""
    return gray2bgr_plane(img if img.ndim == 2 else img[..., 0])


def gray2rgb(img: Array) -> Array:
    """Convert a grey image (H, W) or (H, W, 1) to RGB."""
    return gray2rgb_plane(img if img.ndim == 2 else img[..., 0])


def bgr2gray(img: Array, keepdim: bool = False) -> Array:
    """Convert an image from BGR to grey: (H, W), or (H, W, 1) with ``keepdim``."""
    gray = cv2.cvtColor(img, cv2.COLOR_BGR2GRAY)
    return gray[..., None] if keepdim else gray


def rgb2gray(img: Array, keepdim: bool = False) -> Array:
    """Convert an image from RGB to grey: (H, W), or (H, W, 1) with ``keepdim``."""
    gray = cv2.cvtColor(img, cv2.COLOR_RGB2GRAY)
    return gray[..., None] if keepdim else gray


def imconvert(img: Array, src: str, dst: str) -> Array:
    """Convert an image between colour spaces that OpenCV names, such as ``'bgr'`` and ``'hsv'``."""
    code = getattr(cv2, f"COLOR_{src.upper()}2{dst.upper()}", None)
    if code is None:
        raise ConfigError(f"OpenCV has no conversion from {src!r} to {dst!r}")
    return cv2.cvtColor(img, code)


def imflip_(img: Array, direction: str = "horizontal") -> Array:
    """Flip an image in place: ``'horizontal'``, ``'vertical'`` or ``'diagonal'``."""
    img[...] = geometry.imflip(img.copy(), direction)
    return img


def imnormalize_(img: Array, mean: Any, std: Any, to_rgb: bool = True) -> Array:
    """Normalise a float image in place."""
    if img.dtype == np.uint8:
        raise ConfigError("imnormalize_ changes a float image; an image of uint8 cannot hold the result")
    img[...] = color.imnormalize(img, mean, std, to_rgb)
    return img


def clahe(img: Array, clip_limit: float = 40.0, tile_grid_size: tuple[int, int] = (8, 8)) -> Array:
    """Equalise the histogram of a grey image tile by tile, with limited contrast."""
    return cv2.createCLAHE(clip_limit, tile_grid_size).apply(np.array(img, dtype=np.uint8))


def lut_transform(img: Array, lut_table: Array) -> Array:
    """Replace each value of a uint8 image by its entry in a table of 256."""
    return cv2.LUT(np.array(img, dtype=np.uint8), lut_table)


def impad_to_multiple(img: Array, divisor: int, pad_val: float | Sequence[float] = 0) -> Array:
    """Pad an image at the right and the bottom so that both edges are multiples of a number."""
    height, width = (-(-edge // divisor) * divisor for edge in img.shape[:2])
    return geometry.pad_to(img, height, width, pad_val)


def imresize_like(
    img: Array,
    dst_img: Array,
    return_scale: bool = False,
    interpolation: str = "bilinear",
    backend: Any = None,
) -> Any:
    """Resize an image to the size of another one."""
    height, width = dst_img.shape[:2]
    resized = geometry.imresize(img, (width, height), interpolation=interpolation)
    return (resized, width / img.shape[1], height / img.shape[0]) if return_scale else resized


def tensor2imgs(
    tensor: torch.Tensor,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    to_rgb: bool = True,
) -> list[Array]:
    """Turn a batch of normalised images (B, C, H, W) into arrays (H, W, C) of uint8.

    Args:
        tensor: The batch, of 1 or 3 channels.
        mean: The mean that was subtracted.
        std: The deviation that was divided by.
        to_rgb: Whether the batch is in the other channel order than what is returned.
    """
    channels = tensor.shape[1]
    if tensor.ndim != 4 or channels not in (1, 3):
        raise ValueError(f"Expected a batch (B, 1 or 3, H, W), got {tuple(tensor.shape)}")
    mean = (0.0,) * channels if mean is None else mean
    std = (1.0,) * channels if std is None else std
    images = tensor.detach().cpu().numpy().transpose(0, 2, 3, 1).astype(np.float32)
    restored = images * np.asarray(std, np.float32) + np.asarray(mean, np.float32)
    if to_rgb and channels == 3:
        restored = restored[..., ::-1]
    return [np.ascontiguousarray(image.astype(np.uint8)) for image in restored]


class Color(Enum):
    """Colours in BGR."""

    red = (0, 0, 255)
    green = (0, 255, 0)
    blue = (255, 0, 0)
    cyan = (255, 255, 0)
    yellow = (0, 255, 255)
    magenta = (255, 0, 255)
    white = (255, 255, 255)
    black = (0, 0, 0)


def color_val(color: Any) -> tuple[int, ...]:
    """Return a colour as numbers in BGR, from its name, one grey value, a tuple or an array."""
    if isinstance(color, str):
        if color not in Color.__members__:
            raise ConfigError(
                f"There is no colour {color!r}", hint=f"Choose one of {list(Color.__members__)}."
            )
        return Color[color].value
    if isinstance(color, Color):
        return color.value
    numbers = (color,) * 3 if isinstance(color, int) else tuple(int(value) for value in color)
    if len(numbers) != 3 or not all(0 <= value <= 255 for value in numbers):
        raise ConfigError(f"A colour has three numbers between 0 and 255, got {color!r}")
    return numbers


def imshow(img: str | Array, win_name: str = "", wait_time: int = 0) -> None:
    """Show an image in a window until a key is pressed.

    Args:
        img: The image (H, W, 3) in BGR, or its path.
        win_name: Title of the window.
        wait_time: Milliseconds to wait; 0 waits for a key.
    """
    image = io.imread(img) if isinstance(img, str) else img
    try:
        cv2.imshow(win_name, image)
    except cv2.error as error:  # opencv-python-headless has no windows
        raise ConfigError(
            "This OpenCV cannot open windows",
            hint="Write the image with imwrite, or show it with matplotlib.",
        ) from error
    cv2.waitKey(wait_time)


def use_backend(backend: str) -> None:
    """Accept the backends of MMCV; the fastest one that decodes a file is chosen automatically.

    Raises:
        ConfigError: If MMCV had no such backend.
    """
    if backend not in supported_backends:
        raise ConfigError(f"There is no backend {backend!r}", hint=f"Choose one of {supported_backends}.")


supported_backends = ["cv2", "turbojpeg", "pillow", "tifffile"]
