"""What the tests of pipelines share."""

from __future__ import annotations

import cv2
import numpy as np


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A smooth picture with some edges."""
    rng = np.random.RandomState(seed)
    coarse = rng.randint(0, 256, (6, 8, 3)).astype(np.uint8)
    img = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    cv2.circle(img, (width // 2, height // 3), height // 5, (20, 200, 90), -1)
    return img
