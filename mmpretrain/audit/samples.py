"""The samples of a data set that are looked at, all parts together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmpretrain.datasets.encoded import EncodedDataset
from mmpretrain.datasets.labelled import Parts
from mmpretrain.datasets.places import root_of
from mmpretrain.datasets.transforms.functional.io import imfrombytes, imread
from mmpretrain.errors import MMPretrainError
from mmpretrain.utils.fileio import is_local

#: Files that only this package reads as images, and no browser.
ARRAYS = (".npy", ".npz", ".dcm", ".dicom")


@dataclass(frozen=True)
class Samples:
    """Samples of all parts of a data set, one part after another.

    Attributes:
        names: Where each image is, or what its data set calls it.
        parts: Names of the parts, such as ``train`` and ``val``.
        part: The part of each sample, (N,).
        labels: Its classes; one for each, unless the set has several.
        classes: Names of the classes.
        datasets: A data set for each part, whose images can be read.
        values: The number of each sample, if that is what is learned; there are no classes then.
    """

    names: tuple[str, ...]
    parts: tuple[str, ...]
    part: np.ndarray
    labels: tuple[tuple[int, ...], ...]
    classes: tuple[str, ...]
    datasets: tuple[Any, ...] = field(repr=False)
    values: tuple[float, ...] = ()

    @classmethod
    def of(cls, parts: Parts) -> Samples:
        """Put the parts of a data set together."""
        named = parts.named()
        return cls(
            names=tuple(name for part in named.values() for name in part.names),
            parts=tuple(named),
            part=np.repeat(np.arange(len(named)), [len(part) for part in named.values()]),
            labels=tuple(label for part in named.values() for label in part.labels),
            classes=parts.train.classes,
            datasets=tuple(part.build() for part in named.values()),
            values=tuple(value for part in named.values() for value in part.values),
        )

    def __len__(self) -> int:
        return len(self.names)

    @property
    def single(self) -> bool:
        """Whether each sample has exactly one class."""
        return all(len(several) == 1 for several in self.labels)

    def targets(self) -> np.ndarray:
        """Return the only class of each sample, (N,)."""
        return np.array([several[0] for several in self.labels], int)

    def differ(self, first: int, second: int) -> bool:
        """Whether two samples have different labels."""
        if self.values:
            return self.values[first] != self.values[second]
        return self.labels[first] != self.labels[second]

    def class_of(self, index: int) -> str:
        """Return the names of the classes of a sample, or its number."""
        if self.values:
            return f"{self.values[index]:g}"
        return ";".join(self.classes[label] for label in self.labels[index])

    def source(self, index: int) -> str | np.ndarray | None:
        """Return the path of an image, or its pixels in the order BGR; None if it cannot be read."""
        part = int(self.part[index])
        within = index - int(np.searchsorted(self.part, part))
        plain, inner = root_of(self.datasets[part], within)
        record = plain.get_data_info(inner)
        if "img" in record:
            return np.asarray(record["img"])
        if not isinstance(plain, EncodedDataset):
            return str(record["img_path"])
        try:
            return imfrombytes(plain.read_image(record), "color", where=self.names[index])
        except (MMPretrainError, OSError):
            return None

    def picture(self, index: int) -> str | np.ndarray | None:
        """Return what :meth:`source` does; of arrays and DICOM, pixels of 8 bits that can be shown.

        Of other numbers of channels than three, it is the first one.
        """
        found = self.source(index)
        if not isinstance(found, str) or not found.lower().endswith(ARRAYS):
            return found
        try:
            pixels = imread(found, "unchanged")
        except (MMPretrainError, OSError):
            return None
        if pixels.ndim == 3 and pixels.shape[2] != 3:
            pixels = pixels[..., 0]
        if pixels.dtype != np.uint8:
            low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
            pixels = np.nan_to_num((pixels.astype(np.float64) - low) * (255 / max(high - low, 1e-9)))
        return pixels.clip(0, 255).astype(np.uint8)

    def short_names(self, root: str) -> Sequence[str]:
        """Return the names relative to a folder, where they are below it, with slashes."""
        prefix = (os.path.abspath(root) if is_local(root) else root).replace(os.sep, "/").rstrip("/") + "/"
        files = self._files()
        names = (os.path.abspath(name) if name in files else name for name in self.names)
        return [name.replace(os.sep, "/").removeprefix(prefix) for name in names]

    def _files(self) -> set[str]:
        """The names that are paths of local files, which may be relative to the current folder."""
        return {name for name in self.names if is_local(name) and os.path.exists(name)}
