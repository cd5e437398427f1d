"""Samples of a data set as pictures: as they are stored, after the pipeline, and after each step of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmpretrain.datasets.preflight_data import root_of
from mmpretrain.errors import ConfigError
from mmpretrain.registry import TRANSFORMS


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
    """Return an image of a pipeline as ``(H, W, 3)``, uint8, RGB.

    Args:
        image: An array ``(H, W[, C])`` or a tensor ``(C, H, W)``, BGR; floats are scaled to their range.

    Raises:
        ConfigError: If it is no image.
    """
    if hasattr(image, "permute"):
        image = image.detach().cpu()
        image = (image.permute(1, 2, 0) if image.ndim == 3 else image).float().numpy()
        image = image.astype(np.uint8) if np.array_equal(image, image.astype(np.uint8)) else image
    array = np.asarray(image)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise ConfigError(f"this is no image: an array of shape {array.shape}")
    if array.dtype != np.uint8:
        low, high = float(array.min()), float(array.max())
        array = ((array.astype(np.float64) - low) / (high - low or 1) * 255).round().astype(np.uint8)
    if array.shape[2] == 1:
        return np.repeat(array, 3, axis=2)
    return np.ascontiguousarray(array[..., 2::-1])
