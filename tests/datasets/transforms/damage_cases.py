"""What the tests of damaged files share."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def picture(height: int = 300, width: int = 400) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    smooth = np.stack([x * 255 // width, y * 255 // height, (x + y) % 256], axis=-1)
    return (smooth + np.random.RandomState(0).randint(-20, 20, smooth.shape)).clip(0, 255).astype(np.uint8)


def encode(image: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", **options)
    return file.getvalue()


GOOD = encode(picture())

HALF = len(GOOD) // 2

DAMAGED = {
    "cut, with an end": GOOD[:HALF] + b"\xff\xd9",
    "zeros to the end": GOOD[:HALF] + bytes(HALF) + b"\xff\xd9",
    "zeros inside": GOOD[:HALF] + bytes(200) + GOOD[HALF + 200 :],
    "grey": encode(picture()[..., 0])[:HALF] + b"\xff\xd9",
}
