"""What a transform of batches gets, and what it must do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmpretrain.datasets.transforms.checks import suits
from mmpretrain.utils.keyed_draws import Draws


@dataclass
class Batch:
    """Images on their way through the transforms.

    Attributes:
        images: (B, C, H, W) float32, with the values of the pipeline: 0 to 255 for images of 8 bits.
        draws: Random numbers of the samples.
        samples: One number for each sample that is the same in all epochs, (B,) uint64.
        epochs: How often each sample was seen before, as far as that is known, (B,).
        scores: One-hot labels (B, K), if the transforms mix them.
        is_8_bit: Whether the largest possible value is 255.
    """

    images: Tensor
    draws: Draws
    samples: np.ndarray
    epochs: np.ndarray
    scores: Tensor | None = None
    is_8_bit: bool = True


class BatchTransform(ABC):
    """Base of transforms of batches.

    A subclass implements :meth:`apply`; one that needs more than the images overrides :meth:`__call__`.
    """

    #: Whether it mixes labels, and so needs them one-hot.
    mixes = False

    def __call__(self, batch: Batch) -> None:
        """Change the batch."""
        batch.images = self.apply(batch.images, batch.draws)

    @abstractmethod
    def apply(self, images: Tensor, draws: Draws) -> Tensor:
        """Return the changed images; those given may be changed in place.

        Args:
            images: (B, C, H, W) float32.
            draws: The source of random numbers, on the CPU: one for each sample and call.
        """


class ByteTransform(BatchTransform):
    """Base of transforms for which 255 is the lightest value."""

    def __call__(self, batch: Batch) -> None:
        suits(
            batch.is_8_bit,
            f"{type(self).__name__.removeprefix('Batch')} of batch_transforms takes images of 8 bits, "
            "and gets integers of more",
            "Convert them in the pipeline, or leave it out.",
        )
        super().__call__(batch)


def column(values: np.ndarray | Sequence[float], images: Tensor) -> Tensor:
    """One value for each image as a tensor (B, 1, 1, 1) that broadcasts with the images."""
    return torch.as_tensor(np.asarray(values), dtype=images.dtype).to(images.device).view(-1, 1, 1, 1)


def chosen(mask: np.ndarray, changed: Tensor, images: Tensor) -> Tensor:
    """Return the changed images where ``mask`` (B,) holds, and the others as they are."""
    keep = torch.from_numpy(np.ascontiguousarray(mask)).to(images.device).view(-1, 1, 1, 1)
    return torch.where(keep, changed, images)


def on_part(indices: np.ndarray, images: Tensor, changed: Tensor) -> Tensor:
    """Put changed images (N, C, H, W) at ``indices`` (N,) of the batch."""
    return images.index_copy(0, torch.from_numpy(indices).to(images.device), changed)


def part_of(images: Tensor, indices: np.ndarray) -> Tensor:
    """Return the images at ``indices``."""
    return images.index_select(0, torch.from_numpy(indices).to(images.device))
