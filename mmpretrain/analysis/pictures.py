"""Pictures of a sample, one or several side by side, with its class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mmpretrain.analysis.samples import SMALLEST, Sample, enlarge, tile
from mmpretrain.visualization import UniversalVisualizer
from mmpretrain.visualization.drawing import rescale


@dataclass(frozen=True)
class Look:
    """How samples are drawn.

    Attributes:
        mode: The image as stored, as the pipeline gives it, both, or after each step.
        rgb: Whether the pipeline has images in RGB, and not in BGR.
        factor: Scale the pictures by this.
        smallest: Enlarge images whose shorter side has fewer pixels.
        largest: Shrink images whose longer side has more pixels.
    """

    mode: Literal["original", "transformed", "concat", "pipeline"] = "transformed"
    rgb: bool = False
    factor: float = 1.0
    smallest: int = SMALLEST
    largest: int | None = None


def draw(sample: Sample, look: Look, classes: Sequence[str] | None = None) -> np.ndarray:
    """Return the picture of a sample: ``(H, W, 3)``, uint8, RGB.

    Args:
        sample: The sample.
        look: How to draw it.
        classes: Names of the classes.
    """
    first, last = sample.steps[0], sample.steps[-1]
    chosen = {
        "original": (first,), "transformed": (last,), "concat": (first, last), "pipeline": sample.steps,
    }[look.mode]  # fmt: skip
    images, captions = [], []
    for step in chosen:
        for number, image in enumerate(step.images):
            images.append(_sized(image[..., ::-1] if look.rgb else image, look))
            captions.append(step.name if len(step.images) == 1 else f"{step.name} {number}")
    if len(images) > 1:
        label = label_of(sample, classes)
        captions[0] += f": {label}" if label else ""
        return rescale(tile(images, captions), look.factor)
    picture = rescale(images[0], look.factor)
    if sample.data_sample is None or not hasattr(sample.data_sample, "items"):
        return picture
    return UniversalVisualizer().visualize_cls(picture, sample.data_sample, classes, draw_pred=False)


def _sized(image: np.ndarray, look: Look) -> np.ndarray:
    image = enlarge(image, look.smallest)
    if look.largest is not None and max(image.shape[:2]) > look.largest:
        return rescale(image, look.largest / max(image.shape[:2]))
    return image


def label_of(sample: Sample, classes: Sequence[str] | None) -> str:
    """Return the names of the classes of a sample; empty if it has none."""
    packed: Any = sample.data_sample
    labels = packed.get("gt_label") if hasattr(packed, "get") else None
    if labels is None:
        return ""
    return ", ".join(classes[int(label)] if classes else str(label) for label in labels.tolist())
