"""What the tests of image files share."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

RGB = np.random.RandomState(0).randint(0, 256, (24, 32, 3), dtype=np.uint8)

RGB[4:20, 4:28] = (200, 100, 30)

CROP = [dict(type="LoadImageFromFile"), dict(type="RandomResizedCrop", scale=8)]


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(buffer, kind, **options)
    return buffer.getvalue()


def jpg(quality=90, **options):
    return encoded(RGB, "JPEG", quality=quality, **options)
