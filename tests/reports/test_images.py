"""Small pictures of images of all kinds."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from mmpretrain.reports.images import measure, open_image, thumbnails


def decoded(url: str | None) -> Image.Image:
    assert url is not None
    assert url.startswith("data:image/jpeg;base64,")
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "1", "CMYK", "I;16", "F"])
def test_modes(tmp_path, mode):
    path = tmp_path / ("x.tiff" if mode in {"I;16", "F", "CMYK"} else "x.png")
    values = np.linspace(0, 1, 200 * 300).reshape(200, 300)
    if mode in {"I;16", "F"}:
        image = Image.fromarray((values * 60000).astype(np.uint16 if mode == "I;16" else np.float32))
    else:
        image = Image.fromarray((values * 255).astype(np.uint8)).convert(mode)
    image.save(path)
    small = decoded(thumbnails([str(path)], "Pictures")[0])
    assert small.size == (112, 75)
    (facts,) = measure([str(path)], "Images")
    assert facts is not None
    assert (facts.width, facts.height) == (300, 200)
    assert 90 < facts.brightness < 165


def test_arrays_are_bgr():
    blue = np.zeros((10, 10, 3), np.uint8)
    blue[..., 0] = 255
    red, _, colour = decoded(thumbnails([blue], "Pictures")[0]).resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert colour > 200 > 60 > red
    assert open_image(np.zeros((4, 5, 7), np.uint8), 4) is not None


def test_transparent_is_white_and_huge_is_refused(tmp_path, monkeypatch):
    path = str(tmp_path / "x.png")
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(path)
    assert decoded(thumbnails([path], "Pictures")[0]).getpixel((5, 5)) == (255, 255, 255)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert open_image(path, 10) is None


def test_blurred_images_are_less_sharp(tmp_path):
    noise = np.random.RandomState(0).randint(0, 255, (128, 128), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    Image.fromarray(noise).resize((8, 8)).resize((128, 128)).save(tmp_path / "b.png")
    sharp, blurred = measure([str(tmp_path / "a.png"), str(tmp_path / "b.png")], "Images")
    assert sharp is not None
    assert blurred is not None
    assert sharp.sharpness > 10 * blurred.sharpness
