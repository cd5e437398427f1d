"""Images that are measurements: any number of channels, any type of numbers.

What these numbers mean is for the config to say: ``color_type='unchanged'`` gives them as they are.
"""

from __future__ import annotations

import cv2
import numpy as np

from mmpretrain.errors import DataError

#: Types that transforms and tensors know; others become float32.
_KEPT = ("uint8", "uint16", "int16", "float32")


def check_bytes(size: int, limit: int, where: str | None) -> None:
    """Refuse to allocate more than the largest colour image that is allowed would take."""
    if size > 3 * limit:
        raise DataError(
            f"An image of {size:,} bytes exceeds the limit of {3 * limit:,}",
            where=where,
            hint="If that is no mistake, raise the limit: MMPRETRAIN_MAX_PIXELS=...",
        )


def as_image(array: np.ndarray, where: str | None) -> np.ndarray:
    """Return numbers as an image (H, W) or (H, W, C) of a type that transforms take.

    Raises:
        DataError: If they are none.
    """
    if array.ndim not in (2, 3) or array.dtype.kind not in "biuf":
        raise DataError(f"An array of {array.dtype} and shape {array.shape} is no image", where=where)
    if array.ndim == 3 and array.shape[0] <= 32 < array.shape[2] <= array.shape[1] * 100:
        raise DataError(
            f"An array of shape {array.shape} has {array.shape[2]} channels: are they its first axis?",
            where=where,
            hint="Save it as (height, width, channels).",
        )
    native = array.dtype.newbyteorder("=")
    kept = native.name if native.name in _KEPT else "uint8" if native.kind == "b" else "float32"
    return np.ascontiguousarray(array.astype(kept, copy=False))


def as_asked(img: np.ndarray, flag: str, where: str | None) -> np.ndarray:
    """Return numbers as ``color_type`` asks: as they are, or 8 bits of colour (BGR) or grey.

    Raises:
        DataError: If they are no 8 bits: how to scale them, a file does not say.
    """
    if flag == "unchanged":
        return img
    channels = 1 if img.ndim == 2 else img.shape[2]
    if img.dtype != np.uint8 or channels not in (1, 3, 4):
        raise DataError(
            f"The image has {channels} channel{'s' if channels > 1 else ''} of {img.dtype}, and color_type="
            f"{flag!r} stands for 8 bits of 1, 3 or 4",
            where=where,
            hint="Set color_type='unchanged', and value_range=(low, high) to map numbers to 0 to 255.",
        )
    plane = img.reshape(img.shape[:2]) if channels == 1 else img
    if flag.startswith("grayscale"):
        return plane if channels == 1 else cv2.cvtColor(img, cv2.COLOR_BGR2GRAY)
    return cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR) if channels == 1 else np.ascontiguousarray(img[..., :3])


def to_range(img: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map values linearly from ``low..high`` to 0..255, as float32.

    What is outside becomes 0 or 255, and NaN, which stands for no measurement, 0.
    """
    scaled = img.astype(np.float32)
    scaled -= np.float32(low)
    scaled *= np.float32(255 / (high - low))
    np.clip(scaled, 0, 255, out=scaled)
    return np.nan_to_num(scaled, copy=False) if img.dtype.kind == "f" else scaled
