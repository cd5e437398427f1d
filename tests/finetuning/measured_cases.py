"""Folders of images that are no pictures of 8 bits, which a network can tell apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import tifffile

from tests.datasets.fingerprint_cases import picture

Write = Callable[[Path, np.ndarray], None]


def _tiff(path: Path, image: np.ndarray) -> None:
    tifffile.imwrite(path.with_suffix(".tif"), image, photometric="minisblack", planarconfig="contig")


def _png(path: Path, image: np.ndarray) -> None:
    cv2.imwrite(str(path.with_suffix(".png")), image)


def _npy(path: Path, image: np.ndarray) -> None:
    np.save(path.with_suffix(".npy"), image)


#: Name -> channels, type, largest number, and how it is written.
KINDS: dict[str, tuple[int, str, float, Write]] = {
    "13 bands of 16 bits": (13, "uint16", 9000, _tiff),
    "13 bands of 8 bits": (13, "uint8", 255, _tiff),
    "grey TIFF of floats": (1, "float32", 1.0, _tiff),
    "12 of 16 bits": (1, "uint16", 4095, _png),
    "colour of 16 bits": (3, "uint16", 60000, _png),
    "arrays of colour": (3, "uint8", 255, _npy),
    "arrays of floats": (4, "float32", 3.5, _npy),
    "grey arrays": (1, "uint8", 255, _npy),
    "two bands with a sign": (2, "int16", 2000, _npy),
}


def write_kind(root: Path, kind: str, count: int = 12, size: int = 32, classes: tuple = ("a", "b")) -> Path:
    """Write a folder for each class; those of one are brighter than those of the other.

    Args:
        root: Where to write.
        kind: One of :data:`KINDS`.
        count: Images of a class.
        size: Their edge.
        classes: Names of the classes.
    """
    channels, dtype, largest, write = KINDS[kind]
    seed = 0
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for index in range(count):
            seed += 1
            grey = picture(seed, size).astype(np.float32) / 255
            image = np.tile(grey, (1, 1, 5))[..., :channels] * 0.5 + 0.4 * number
            if dtype == "int16":
                image = image * 2 - 1
            image = (image * largest).astype(dtype)
            write(root / name / f"{index}", image[..., 0] if channels == 1 else image)
    return root
