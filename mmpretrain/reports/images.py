"""Small pictures of the samples, and what is measured of their images."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageOps

from mmpretrain.errors import MMPretrainError
from mmpretrain.utils.fileio import read_bytes
from mmpretrain.utils.progress import track

#: Path or URL of an image, or its pixels: (H, W), or (H, W, 3) in the order BGR.
Source: TypeAlias = "str | np.ndarray"

#: Longer side of a small picture, pixels, and the quality of its JPEG.
SIDE, QUALITY = 112, 80
#: Channels of an image without colour differ by no more than compression makes.
COLOURLESS = 6
_TURNED, _ORIENTATION = "mmpretrain orientation", 0x0112
#: Images with more pixels are not read, which would take hundreds of megabytes.
MOST_PIXELS = 64_000_000
#: Side of the grey image that brightness and blur are measured on.
MEASURED = 128


@dataclass(frozen=True)
class ImageFacts:
    """What is measured of an image.

    Attributes:
        width: Pixels.
        height: Pixels.
        brightness: Mean grey value, from 0 to 255.
        sharpness: Variance of the Laplacian of the image scaled to 128 pixels: low for blurred images.
        format: Such as ``JPEG``.
        contrast: Standard deviation of the grey values.
        colour: Whether there is any colour.
        turned: The EXIF orientation, if it is not the usual one; otherwise 0.
    """

    width: int
    height: int
    brightness: float
    sharpness: float
    format: str
    contrast: float = 0.0
    colour: bool = False
    turned: int = 0


def measure(sources: Sequence[Source], description: str) -> list[ImageFacts | None]:
    """Measure images, on all cores, with a progress bar; None for those that cannot be read."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(track(pool.map(_measure, sources), description, total=len(sources)))


def _measure(source: Source) -> ImageFacts | None:
    image = open_image(source, MEASURED)
    if image is None:
        return None
    picture, size, kind = image
    turned = picture.info.get(_TURNED, 0)
    grey = np.asarray(picture.convert("L").resize((MEASURED, MEASURED)), np.float32)
    laplacian = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    colour = np.ptp(np.asarray(picture.convert("RGB").resize((16, 16)), int), axis=2).max() > COLOURLESS
    return ImageFacts(
        *size, float(grey.mean()), float(laplacian.var()), kind, float(grey.std()), bool(colour), turned
    )


def open_image(source: Source, side: int) -> tuple[Image.Image, tuple[int, int], str] | None:
    """Read an image, scaled down while it is decoded where its format can do that.

    Args:
        source: Where it is, or its pixels.
        side: The shorter side of the result has at least so many pixels, if the image has.

    Returns:
        The picture, the (width, height) of the file, and its format; None if it cannot be read, or has
        more than 64 million pixels after that.
    """
    try:
        if isinstance(source, np.ndarray):
            image = Image.fromarray(np.ascontiguousarray(_displayable(source)))
            return _eight_bits(image), image.size, ""
        with Image.open(io.BytesIO(read_bytes(source))) as image:
            size, kind = image.size, image.format or ""
            image.draft("RGB", (side, side))
            if image.width * image.height > MOST_PIXELS:
                return None
            image.load()
            return _eight_bits(image), size, kind
    except _UNREADABLE:
        return None


#: What Pillow and storage raise for files that are no images.
_UNREADABLE = (
    MMPretrainError,
    OSError,
    TypeError,
    ValueError,
    SyntaxError,
    EOFError,
    Image.DecompressionBombError,
)


def _displayable(pixels: np.ndarray) -> np.ndarray:
    """Return RGB of BGR, and of other numbers of channels the first."""
    if pixels.ndim == 2:
        return pixels
    return pixels[..., ::-1] if pixels.shape[2] == 3 else pixels[..., 0]


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return an image with 8 bits per channel: of those with more, the range that is in use."""
    if not image.mode.startswith(("I", "F")):
        turned = image.getexif().get(_ORIENTATION, 1)
        upright = ImageOps.exif_transpose(image)
        upright.info[_TURNED] = turned if turned in range(2, 9) else 0
        return upright
    values = np.asarray(image, np.float64)
    low, high = np.nanmin(values), np.nanmax(values)
    scaled = np.nan_to_num((values - low) / (high - low or 1) * 255)
    return Image.fromarray(scaled.astype(np.uint8))


def thumbnails(sources: Sequence[Source], description: str, side: int = SIDE) -> list[str | None]:
    """Return small pictures as ``data:`` URLs, made on all cores; None for images that cannot be read."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(track(pool.map(partial(_thumbnail, side=side), sources), description, total=len(sources)))


def _thumbnail(source: Source, side: int) -> str | None:
    image = open_image(source, side)
    if image is None:
        return None
    picture = image[0].convert("RGBA")
    canvas = Image.new("RGBA", picture.size, "white")
    canvas.alpha_composite(picture)
    small = canvas.convert("RGB")
    small.thumbnail((side, side))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
