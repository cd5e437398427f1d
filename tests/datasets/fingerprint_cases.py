"""Pictures, and copies of them that were changed."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np


def picture(seed: int, size: int = 96) -> np.ndarray:
    """Return a picture of coloured spots, (H, W, 3) uint8, which no other seed gives."""
    rng = np.random.default_rng(seed)
    spots = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
    return cv2.resize(spots, (size, size), interpolation=cv2.INTER_CUBIC)


def _compressed(image: np.ndarray) -> np.ndarray:
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 50])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


#: Name -> how a near-duplicate is made.
COPIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "compressed": _compressed,
    "half": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "larger": lambda image: cv2.resize(image, None, fx=1.7, fy=1.7),
    "brighter": lambda image: cv2.convertScaleAbs(image, alpha=0.9, beta=20),
}
#: Those that are found on request.
TURNED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "upside down": lambda image: np.ascontiguousarray(image[::-1, ::-1]),
    "turned": lambda image: np.ascontiguousarray(np.rot90(image)),
    "turned back": lambda image: np.ascontiguousarray(np.rot90(image, 3)),
}
