"""The pictures: digits that ship with the package, or the silhouettes of the PyPI package animal-mnist."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from mmpretrain.datasets import BaseDataset
from mmpretrain.datasets.digits import load_digits
from mmpretrain.errors import DataError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.plain_data import load_pickle

#: Edge of a picture before it is cropped, and what pixels are normalised with, the same for all data.
PICTURE = 32
MEAN, STD = 77.8, 95.9

PARTS = {part: f"animal_mnist/data/Animal_MNIST/animal_{part}_version_3.gz" for part in ("data", "label")}


@lru_cache
def silhouettes(source: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (10000, 28, 28) and labels (10000,) of animal-mnist; no code of its pickles is run.

    Args:
        source: The wheel, a folder that holds ``animal_mnist``, or nothing for the installed package.

    Raises:
        DataError: If it is not there.
    """
    spec = find_spec("animal_mnist")
    folder = str(Path(spec.origin).parents[1]) if spec and spec.origin else ""
    path = Path(source or folder or "animal_mnist")
    try:
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                raw = {part: wheel.read(name) for part, name in PARTS.items()}
        else:
            raw = {part: (path / name).read_bytes() for part, name in PARTS.items()}
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(
            f"animal-mnist was not found: {error}",
            where="--data",
            hint="Install it with: pip install --no-deps animal-mnist. Or name its wheel: "
            "--data animal-mnist=FILE.whl.",
        ) from error
    images, labels = (np.asarray(load_pickle(gzip.decompress(raw[part]))) for part in PARTS)
    return images.reshape(-1, 28, 28).astype(np.uint8), labels.reshape(-1).astype(np.int64)


def animals(split: str, source: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the silhouettes of a split; each fifth is held out."""
    images, labels = silhouettes(source)
    chosen = (np.arange(len(labels)) % 5 == 4) == (split == "val")
    return images[chosen], labels[chosen]


#: Name -> function of a split and a source that returns images (N, H, W), uint8, and labels (N,).
SETS: Mapping[str, Callable[[str, str], tuple[np.ndarray, np.ndarray]]] = {
    "digits": lambda split, source: load_digits(split),
    "animal-mnist": animals,
}


def pictures(data: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels of ``NAME`` or ``NAME=SOURCE``.

    Args:
        data: Which pictures.
        split: ``train`` or ``val``; or, to choose settings without a look at ``val``, ``tune`` for each fifth
            training picture and ``fit`` for the others.

    Raises:
        DataError: If there is no such set.
    """
    name, _, source = data.partition("=")
    if name not in SETS:
        raise DataError(
            f"there are no pictures {name!r}", where="--data", hint=f"There are: {', '.join(SETS)}."
        )
    images, labels = SETS[name]("val" if split == "val" else "train", source)
    if split not in ("fit", "tune"):
        return images, labels
    chosen = (np.arange(len(labels)) % 5 == 2) == (split == "tune")
    return images[chosen], labels[chosen]


@DATASETS.register_module(force=True)
class Pictures(BaseDataset):
    """The training pictures.

    Args:
        data: Their name.
        channels: 1, or 3 for three equal channels.
        split: See :func:`pictures`.
        **kwargs: Other arguments of :class:`BaseDataset`.
    """

    def __init__(self, data: str, channels: int = 1, split: str = "train", **kwargs: Any) -> None:
        self.data, self.channels, self.split = data, channels, split
        kwargs.setdefault("ann_file", "")
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Return one record for each picture, without its label."""
        images, _ = pictures(self.data, self.split)
        if self.channels == 3:
            images = images[..., None].repeat(3, axis=3)
        return [{"img": image} for image in images]


def batch(data: str, split: str, side: int, channels: int) -> tuple[Tensor, Tensor]:
    """Return normalised pictures (N, channels, side, side) and labels (N,) of a split."""
    images, labels = pictures(data, split)
    resized = [cv2.resize(cv2.resize(image, (PICTURE, PICTURE)), (side, side)) for image in images]
    stacked = torch.stack([torch.from_numpy(image).float() for image in resized])[:, None]
    return ((stacked - MEAN) / STD).expand(-1, channels, -1, -1), torch.from_numpy(labels)
