"""Text on pictures."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmpretrain.utils.fonts import font_for


def rescale(image: np.ndarray, factor: float) -> np.ndarray:
    """Scale an image ``(H, W, 3)`` by a factor."""
    height, width = image.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    # Pixels of a very small picture are what one wants to see: no smoothing.
    method = Image.Resampling.NEAREST if factor >= 4 else Image.Resampling.LANCZOS
    return image if factor == 1 else np.asarray(Image.fromarray(image).resize(size, method))


def draw_caption(
    image: np.ndarray,
    text: str,
    *,
    font_size: int | None = None,
    color: str = "white",
    background: tuple[int, int, int, int] = (0, 0, 0, 150),
) -> np.ndarray:
    """Draw text on a dark box in the upper left corner.

    Args:
        image: ``(H, W, 3)``, uint8, RGB.
        text: One or more lines; shortened where they are wider than the image.
        font_size: In pixels; by default a twentieth of the shorter side, at least 12.
        color: Of the text.
        background: Of the box: red, green, blue and opacity, 0 to 255.

    Returns:
        A new image ``(H, W, 3)``.
    """
    picture = Image.fromarray(image).convert("RGBA")
    layer = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(layer)
    size = font_size or max(12, min(picture.size) // 20)
    font = ImageFont.truetype(str(font_for(text)), size)
    margin = max(4, int(font.size) // 3)
    room = picture.width - 4 * margin
    lines = "\n".join(_shorten(line, draw, font, room) for line in text.splitlines())
    left, top, right, bottom = draw.multiline_textbbox((2 * margin, 2 * margin), lines, font=font)
    draw.rectangle((left - margin, top - margin, right + margin, bottom + margin), fill=background)
    draw.multiline_text((2 * margin, 2 * margin), lines, font=font, fill=color)
    return np.asarray(Image.alpha_composite(picture, layer).convert("RGB"))


def _shorten(line: str, draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont, room: float) -> str:
    if draw.textlength(line, font=font) <= room:
        return line
    while line and draw.textlength(line + "…", font=font) > room:
        line = line[:-1]
    return line + "…"
