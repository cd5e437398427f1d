"""What is known about labelled images before anything is trained on them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from mmpretrain.datasets.fingerprints import Fingerprints
from mmpretrain.datasets.labelled import Labelled, Task
from mmpretrain.datasets.splitting import class_counts

#: Difference of colours, in grey levels, below which an image counts as grey.
GREY = 1.0


@dataclass(frozen=True)
class DataFacts:
    """Facts of the images that are trained on.

    Attributes:
        task: What is learned.
        counts: Number of images of each class; nothing for regression.
        images: Number of images.
        edge: Median of the shorter edge in pixels; None if the images were not looked at.
        grey: Whether no image has colours.
    """

    task: Task
    counts: tuple[int, ...]
    images: int
    edge: int | None = None
    grey: bool = False

    @classmethod
    def of(cls, train: Labelled, prints: Fingerprints | None = None) -> DataFacts:
        """Collect the facts.

        Args:
            train: The samples.
            prints: Fingerprints of their images.
        """
        counts = tuple(class_counts(train.labels, len(train.classes)).tolist())
        readable = [] if prints is None else [i for i in range(len(prints)) if i not in prints.errors]
        if prints is None or not readable:
            return cls(train.task, counts, len(train))
        edge = int(np.median(prints.shapes[readable].min(1)))
        grey = bool((np.abs(prints.tints[readable]) < GREY).all())
        return cls(train.task, counts, len(train), edge, grey)

    @property
    def imbalance(self) -> float:
        """How many times as many images the largest class has as the smallest one with any."""
        present = [count for count in self.counts if count]
        return max(present) / min(present) if present else 1.0

    @property
    def drawn(self) -> bool:
        """Whether the images are small and grey: digits, symbols, silhouettes."""
        return self.grey and self.edge is not None and self.edge <= DRAWN_EDGE


#: Grey images with a shorter edge of up to so many pixels are taken for drawn ones.
DRAWN_EDGE = 64


def class_weights(counts: Sequence[int], power: float = 0.5) -> list[float]:
    """Return a weight for each class that grows as it gets rarer; the mean over the samples is 1.

    Args:
        counts: Number of samples of each class.
        power: 1 makes all classes equal, 0 all samples.
    """
    rarity = np.array([max(count, 1) ** -power for count in counts])
    samples = np.array(counts, float)
    return np.round(rarity * samples.sum() / max(float((rarity * samples).sum()), 1e-12), 4).tolist()


def positive_weights(labels: Collection[Collection[int]], count: int) -> list[float]:
    """Return how much a class counts where it is present, (C,): the root of negatives over positives."""
    present = np.maximum(class_counts(list(labels), count), 1)
    return np.round(np.sqrt(np.maximum(len(labels) - present, 1) / present).clip(1, 10), 4).tolist()
