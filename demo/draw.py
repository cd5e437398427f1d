"""Draw the cartoon pictures of this folder; needs Pillow only."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).parent


def ellipse(draw: ImageDraw.ImageDraw, x: int, y: int, rx: int, ry: int, fill: str) -> None:
    """Draw an ellipse around a point."""
    draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=fill, outline="#40302a", width=3)


def face(draw: ImageDraw.ImageDraw, x: int, y: int, fur: str) -> None:
    """Draw a round head with eyes and a nose."""
    ellipse(draw, x, y, 70, 62, fur)
    for side in (-1, 1):
        ellipse(draw, x + side * 27, y - 12, 12, 14, "white")
        ellipse(draw, x + side * 27, y - 10, 5, 7, "#202020")
    draw.polygon([(x - 11, y + 14), (x + 11, y + 14), (x, y + 26)], fill="#50302a")
    draw.arc((x - 22, y + 18, x, y + 44), 10, 150, fill="#40302a", width=3)
    draw.arc((x, y + 18, x + 22, y + 44), 30, 170, fill="#40302a", width=3)


def cat(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    """Draw a sitting cat; the point is the middle of its head."""
    draw.arc((x - 150, y + 120, x - 40, y + 270), 60, 290, fill="#c98b3f", width=22)
    ellipse(draw, x, y + 160, 72, 112, "#d99a4e")
    for side in (-1, 1):
        draw.polygon(
            [(x + side * 62, y - 30), (x + side * 58, y - 104), (x + side * 14, y - 58)], fill="#c98b3f"
        )
        ellipse(draw, x + side * 32, y + 262, 30, 16, "#f0c48a")
    face(draw, x, y, "#e0a458")
    for dy in (18, 28, 38):
        for side in (-1, 1):
            draw.line((x + side * 26, y + dy, x + side * 92, y + dy * 2 - 28), fill="#40302a", width=2)


def dog(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    """Draw a sitting dog; the point is the middle of its head."""
    draw.line((x + 60, y + 230, x + 140, y + 160), fill="#6b4a36", width=20)
    ellipse(draw, x, y + 165, 84, 118, "#8a6248")
    ellipse(draw, x, y + 170, 44, 78, "#e8d8c4")
    for side in (-1, 1):
        ellipse(draw, x + side * 38, y + 276, 36, 18, "#e8d8c4")
    face(draw, x, y, "#8a6248")
    ellipse(draw, x, y + 30, 34, 26, "#e8d8c4")
    ellipse(draw, x, y + 16, 14, 10, "#302020")
    draw.chord((x - 12, y + 36, x + 12, y + 76), 0, 180, fill="#e0707a")
    for side in (-1, 1):
        ellipse(draw, x + side * 76, y + 8, 24, 54, "#6b4a36")


def bird(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    """Draw a bird on a branch; the point is the middle of its body."""
    draw.line((20, y + 118, 460, y + 92), fill="#6b4a36", width=18)
    draw.polygon([(x - 90, y + 10), (x - 190, y + 70), (x - 170, y + 20), (x - 80, y - 20)], fill="#3d6fa5")
    ellipse(draw, x, y, 104, 84, "#5b9bd5")
    ellipse(draw, x + 26, y + 26, 60, 50, "#f2b36b")
    ellipse(draw, x - 30, y, 62, 36, "#3d6fa5")
    ellipse(draw, x + 76, y - 78, 52, 48, "#5b9bd5")
    draw.polygon([(x + 120, y - 90), (x + 176, y - 74), (x + 120, y - 58)], fill="#f0b030")
    ellipse(draw, x + 88, y - 88, 9, 10, "#202020")
    for dx in (0, 34):
        draw.line((x + dx, y + 82, x + dx, y + 106), fill="#f0b030", width=7)


def scene(width: int, height: int, sky: str, ground: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return a picture of sky and ground, twice as large as it is to be."""
    image = Image.new("RGB", (width, height), sky)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 2 // 3, width, height), fill=ground)
    return image, draw


def main() -> None:
    """Draw all pictures."""
    image, draw = scene(720, 480, "#bfe0f2", "#9cc76b")
    cat(draw, 215, 160)
    dog(draw, 500, 150)
    image.save(HERE / "cat-dog.png", optimize=True)
    image, draw = scene(400, 480, "#f2e6cf", "#c9a878")
    dog(draw, 200, 150)
    image.save(HERE / "dog.jpg", quality=88)
    image, draw = scene(480, 360, "#d5ecf7", "#a9d08e")
    bird(draw, 230, 190)
    image.save(HERE / "bird.JPEG", quality=88)


if __name__ == "__main__":
    main()
