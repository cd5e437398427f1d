"""What the tests of packed data share."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmpretrain.datasets.packed.encode import Encoding, jpegtran
from mmpretrain.datasets.packed.packing import Packed, pack
from tests.datasets.transforms.pipeline_cases import photo

needs_jpegtran = pytest.mark.skipif(jpegtran() is None, reason="jpegtran is not installed")
CLASSES = ("cat", "dog")


def jpeg(height: int = 96, width: int = 128, seed: int = 0, **options) -> bytes:
    file = io.BytesIO()
    mode = options.pop("mode", "RGB")
    Image.fromarray(photo(height, width, seed)).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


def folder(root: Path, count: int = 6, **options) -> Path:
    """A folder with two classes for training and for validation; JPEGs with markers where asked for."""
    for split, size in (("train", count), ("val", 2)):
        for index in range(size):
            path = root / split / CLASSES[index % 2] / f"{index}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpeg(96 + 3 * index, 128, seed=index, **options))
    return root


def packed(data, out: Path, how: Encoding | None = None, **options) -> list[Packed]:
    settings = {"workers": 0, "shard_bytes": 10**9, **options}
    return list(pack(str(data), out, how or Encoding(), **settings))


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))[..., ::-1]
