"""The result of an explanation, and its picture."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from mmpretrain.errors import MissingFileError


@dataclass(frozen=True)
class Explanation:
    """Which parts of an image a prediction depends on.

    Args:
        map: (H, W), from 0 to 1, for the image as the model sees it.
        method: Name of the method.
        target: The class that is explained.
        score: The score that the model gives this class.
        predicted: The class with the best score.
        layers: Names of the layers that were looked at.
        image: (H, W, 3), RGB: the image as the model sees it, before it is normalised.
        faithfulness: How faithful the map is (ROAD), from -0.5 to 0.5, if it was measured.
        others: Faithfulness of the other methods that were tried.
        class_name: Name of the class, or of the value, if it is known.
        kind: Whether a class is explained, or, of regression, a value.
    """

    map: np.ndarray
    method: str
    target: int
    score: float
    predicted: int
    layers: tuple[str, ...]
    image: np.ndarray
    faithfulness: float | None = None
    others: dict[str, float] = field(default_factory=dict)
    class_name: str | None = None
    kind: Literal["class", "value"] = "class"

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        """The map, for NumPy."""
        return np.array(self.map, dtype=dtype, copy=True if copy is None else copy)

    @property
    def is_empty(self) -> bool:
        """Whether the map is the same everywhere, so that it says nothing."""
        return bool(np.ptp(self.map) < 1e-6)

    def overlay(self, opacity: float = 0.5) -> np.ndarray:
        """Return the map as colours over the image, (H, W, 3), RGB."""
        colours = cv2.applyColorMap(np.uint8(255 * self.map), cv2.COLORMAP_JET)  # type: ignore[call-overload]
        colours = np.float32(colours[..., ::-1]) / 255
        mixed = opacity * colours + (1 - opacity) * np.float32(self.image) / 255
        return np.uint8(255 * mixed / max(float(mixed.max()), 1e-7))  # type: ignore[return-value]

    def save(self, path: str | os.PathLike[str], opacity: float = 0.5) -> None:
        """Save the overlay as an image file.

        Raises:
            MissingFileError: If it cannot be written.
        """
        write_image(path, self.overlay(opacity))


def write_image(path: str | os.PathLike[str], image: np.ndarray) -> None:
    """Write an image (H, W, 3), RGB, in the format of the suffix; folders are made.

    Raises:
        MissingFileError: If it cannot be written.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        done, data = cv2.imencode(target.suffix or ".png", np.ascontiguousarray(image[..., ::-1]))
        if not done:
            raise OSError("the image cannot be encoded")
        target.write_bytes(data.tobytes())
    except (OSError, cv2.error) as error:
        raise MissingFileError(
            f"{str(target)!r} cannot be written ({_reason(error)})", hint="Name a .png or .jpg file."
        ) from error


def _reason(error: Exception) -> str:
    return "no image format has this suffix" if isinstance(error, cv2.error) else str(error)
