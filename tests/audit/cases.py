"""A folder of drawings of two classes in two parts, and faults that are planted in it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from mmpretrain.audit.samples import Samples
from mmpretrain.datasets.labelled import read_labelled


def drawing(kind: str, seed: int, size: int = 64) -> np.ndarray:
    """A disc or a cross of some colour on a ground of another, with its own texture."""
    rng = np.random.default_rng([seed, len(kind)])
    image = np.full((size, size, 3), rng.integers(120, 200, 3), np.uint8)
    image[..., 0] += rng.integers(0, 50, (size, size), dtype=np.uint8)
    centre = tuple(int(value) for value in rng.integers(20, size - 20, 2))
    colour = [int(value) for value in rng.integers(0, 90, 3)]
    if kind == "disc":
        cv2.circle(image, centre, int(rng.integers(8, 18)), colour, -1)
    else:
        cv2.line(image, (0, centre[1]), (size - 1, centre[1]), colour, int(rng.integers(3, 8)))
        cv2.line(image, (centre[0], 0), (centre[0], size - 1), colour, int(rng.integers(3, 8)))
    return image


def write_parts(root: Path, train: int = 30, val: int = 10) -> Path:
    """Write drawings, ``train`` and ``val`` of each class."""
    for part, first, count in (("train", 0, train), ("val", 1000, val)):
        for kind in ("disc", "cross"):
            folder = root / part / kind
            folder.mkdir(parents=True)
            for number in range(count):
                cv2.imwrite(str(folder / f"{number:03d}.png"), drawing(kind, first + number))
    return root


def read(root: Path) -> Samples:
    return Samples.of(read_labelled(str(root)))
