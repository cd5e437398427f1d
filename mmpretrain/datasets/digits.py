"""The handwritten digits that ship inside the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.errors import ConfigError
from mmpretrain.registry import DATASETS

ARCHIVE = Path(__file__).parent / "data" / "digits.npz"
SPLITS = ("train", "val")


def load_digits(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the images ``(N, 8, 8)``, uint8 in [0, 255], and the labels ``(N,)`` of a split.

    Of every class, each fifth digit is held out: 1,442 are for training, 355 for validation.
    """
    if split not in SPLITS:
        raise ConfigError(f"Digits has the splits 'train' and 'val', got {split!r}", key="split")
    with np.load(ARCHIVE) as archive:
        images, labels = archive["images"], archive["labels"]
    held_out = np.zeros(len(labels), dtype=bool)
    for digit in range(10):
        held_out[np.flatnonzero(labels == digit)[4::5]] = True
    chosen = held_out if split == "val" else ~held_out
    return np.rint(images[chosen] * (255 / 16)).astype(np.uint8), labels[chosen].astype(np.int64)


@DATASETS.register_module()
class Digits(BaseDataset):
    """1,797 real handwritten digits, embedded in the package: no download, trains in seconds.

    Source: E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning
    Repository, 1998, https://doi.org/10.24432/C50P49 (CC BY 4.0), as distributed by scikit-learn.

    Args:
        split: ``'train'`` (1,442 digits) or ``'val'`` (355 digits held out).
        metainfo: Metadata besides the class names.
        **kwargs: Other arguments of :class:`~mmpretrain.datasets.BaseDataset`.
    """

    METAINFO = {"classes": tuple("0123456789")}

    def __init__(self, split: str = "train", metainfo: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self.split = split
        kwargs.setdefault("ann_file", "")
        super().__init__(metainfo=metainfo, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Return one record per digit: ``img`` (8, 8), uint8, and ``gt_label``."""
        images, labels = load_digits(self.split)
        return [{"img": image, "gt_label": int(label)} for image, label in zip(images, labels)]

    def extra_repr(self) -> list[str]:
        """Return the lines that ``repr`` adds."""
        return [f"Split: \t{self.split}"]
