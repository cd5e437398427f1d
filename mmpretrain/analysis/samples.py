"""Samples of a data set as pictures: as they are stored, after the pipeline, and after each step of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmpretrain.datasets.places import place_of, root_of
from mmpretrain.errors import ConfigError
from mmpretrain.registry import TRANSFORMS
from mmpretrain.utils.fonts import font_for
from mmpretrain.utils.pictures import to_picture
from mmpretrain.utils.seeding import seed_everything

#: Pixels between pictures, and for a line of text above one.
GAP, CAPTION = 8, 22
#: Pictures have at least so many pixels on their shorter side.
SMALLEST = 160


def load_image(dataset: Any, index: int) -> np.ndarray:
    """Return the image of a sample as it is stored: ``(H, W, 3)``, uint8, RGB."""
    return to_rgb(_stored(dataset, index)["img"])


def _stored(dataset: Any, index: int) -> dict[str, Any]:
    """Return the record of a sample with its image in ``img``."""
    root, place = root_of(dataset, index)
    record = root.get_data_info(place)
    if "img" in record:
        return record
    steps = list(getattr(root.pipeline, "transforms", ()))
    loading = next((step for step in steps if type(step).__name__.startswith("Load")), None)
    return (loading or TRANSFORMS.build({"type": "LoadImageFromFile"}))(record)


def to_rgb(image: Any) -> np.ndarray:
    """Return an image of a pipeline as ``(H, W, 3)``, uint8, RGB; see :func:`to_picture`.

    Args:
        image: An array ``(H, W[, C])`` or a tensor ``(C, H, W)``, BGR.

    Raises:
        ConfigError: If it is no image.
    """
    if hasattr(image, "permute"):
        image = (image.permute(1, 2, 0) if image.ndim == 3 else image).detach().cpu().numpy()
    try:
        return to_picture(np.asarray(image))
    except ValueError as error:
        raise ConfigError(str(error)) from error


@dataclass(frozen=True)
class Step:
    """A sample at one place of its pipeline.

    Attributes:
        name: What was done to it.
        images: The images then, each ``(H, W, 3)``, uint8, RGB; several for several views.
    """

    name: str
    images: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Sample:
    """A sample on its way through the pipeline.

    Attributes:
        index: Its place in the data set.
        name: Name of its file, or its number.
        steps: Its images as stored, and after each step that changes or packs them.
        data_sample: What the pipeline made of its labels; None if it packs nothing.
    """

    index: int
    name: str
    steps: tuple[Step, ...]
    data_sample: Any


def follow(dataset: Any, index: int, seed: int = 0) -> Sample:
    """Run a sample through its pipeline, and keep its images after each step.

    Args:
        dataset: A data set, possibly inside of wrappers.
        index: Which sample.
        seed: The draws depend on this and on the index.

    Raises:
        DataError: If the image cannot be read, or a step fails.
        ConfigError: If the pipeline leaves the sample out.
    """
    root, _ = root_of(dataset, index)
    record = _stored(dataset, index)
    name = record.get("img_path")
    steps = [Step("original", (to_rgb(record["img"]),))]
    seed_everything(seed, index)
    results: Any = record
    for transform in getattr(root.pipeline, "transforms", ()):
        kind = type(transform).__name__
        if kind.startswith("LoadImage"):
            continue
        results = transform(results)
        if results is None:
            raise ConfigError(f"{kind} leaves the sample {place_of(dataset, index)} out")
        images = _images(results)
        if images and not _same(images, steps[-1].images):
            steps.append(Step(kind, images))
    data_sample = results.get("data_samples") if isinstance(results, Mapping) else None
    return Sample(index, name if isinstance(name, str) else f"{index:06d}", tuple(steps), data_sample)


def _images(results: Any) -> tuple[np.ndarray, ...]:
    found = results.get("inputs", results.get("img")) if isinstance(results, Mapping) else None
    several = found if isinstance(found, (list, tuple)) else [found]
    return tuple(to_rgb(image) for image in several if hasattr(image, "shape"))


def _same(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> bool:
    return len(first) == len(second) and all(map(np.array_equal, first, second))


def enlarge(image: np.ndarray, edge: int = SMALLEST) -> np.ndarray:
    """Repeat the pixels of a small picture ``(H, W, 3)`` until its shorter side has ``edge`` or more."""
    factor = -(-edge // min(image.shape[:2]))
    return np.ascontiguousarray(image.repeat(factor, axis=0).repeat(factor, axis=1) if factor > 1 else image)


def tile(
    images: Sequence[np.ndarray], captions: Sequence[str] = (), columns: int | None = None
) -> np.ndarray:
    """Put pictures side by side on a white ground.

    Args:
        images: Pictures ``(H, W, 3)``, uint8, RGB, of any sizes.
        captions: A text for each, written above it.
        columns: Pictures in a row; all of them by default.

    Returns:
        One picture ``(H, W, 3)``.
    """
    columns = columns or len(images)
    title = CAPTION if captions else 0
    widths = [max(image.shape[1] for image in images[start::columns]) for start in range(columns)]
    rows = range(0, len(images), columns)
    heights = [max(image.shape[0] for image in images[start : start + columns]) + title for start in rows]
    lefts = list(accumulate(widths, lambda left, width: left + width + GAP, initial=GAP))
    tops = list(accumulate(heights, lambda top, height: top + height + GAP, initial=GAP))
    sheet = Image.new("RGB", (lefts[-1], tops[-1]), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(str(font_for("".join(captions))), CAPTION - 8)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        if captions:
            text = captions[index]
            while text and draw.textlength(text, font=font) > widths[column]:
                text = text[:-1]
            draw.text((lefts[column], tops[row]), text, font=font, fill=(0, 0, 0))
        sheet.paste(Image.fromarray(image), (lefts[column], tops[row] + title))
    return np.asarray(sheet)
