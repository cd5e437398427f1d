"""Any image as something to look at."""

from __future__ import annotations

import numpy as np

#: Floats from 0 to 255 whose largest is below are measurements, as likely as not.
_LEAST_BRIGHT = 2
#: Percentiles that become black and white.
DARK, LIGHT = 1, 99


def to_picture(image: np.ndarray) -> np.ndarray:
    """Return an image as (H, W, 3), uint8, RGB.

    Bytes, and floats from 0 to 255, are shown as they are; other numbers from their 1st to their 99th
    percentile. Of one or two channels, the first is shown in grey; of more than four, the first three are
    red, green and blue.

    Args:
        image: (H, W) or (H, W, C); three and four channels are BGR and BGRA.

    Raises:
        ValueError: If it has another shape.
    """
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise ValueError(f"this is no image: an array of shape {image.shape}")
    planes = image[..., None] if image.ndim == 2 else image
    channels = planes.shape[2]
    if channels < 3:
        shown = np.repeat(planes[..., :1], 3, axis=2)
    else:
        shown = planes[..., 2::-1] if channels in (3, 4) else planes[..., :3]
    return np.ascontiguousarray(shown if shown.dtype == np.uint8 else _as_bytes(shown))


def _as_bytes(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float32)
    known = values[np.isfinite(values)]
    if not known.size:
        return np.zeros(values.shape, np.uint8)
    low, high = float(known.min()), float(known.max())
    if not (low >= 0 and _LEAST_BRIGHT <= high <= 255):
        dark, light = (float(value) for value in np.percentile(known, (DARK, LIGHT)))
        low, high = (dark, light) if light > dark else (low, high)
        values = (values - low) * (255 / (high - low) if high > low else 0)
    return np.clip(np.rint(np.nan_to_num(values, nan=0, posinf=255, neginf=0)), 0, 255).astype(np.uint8)
