"""What tests of transforms of batches share."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch

from mmpretrain.datasets.batched import BatchTransforms
from mmpretrain.utils.keyed_draws import Draws


def pictures(count: int = 6, height: int = 48, width: int = 56, channels: int = 3) -> np.ndarray:
    """Smooth pictures with all values, (N, H, W, C) uint8."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (count, height // 4, width // 4, channels)).astype(np.uint8)
    fine = [cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC) for picture in coarse]
    return np.stack(fine).reshape(count, height, width, channels)


def tensor(images: np.ndarray) -> torch.Tensor:
    """Pictures as a batch (N, C, H, W) uint8."""
    return torch.from_numpy(images.transpose(0, 3, 1, 2).copy())


def arrays(images: torch.Tensor) -> np.ndarray:
    """A batch as pictures (N, H, W, C)."""
    return images.permute(0, 2, 3, 1).numpy()


def draws(count: int) -> Draws:
    """A source of random numbers."""
    return Draws(np.arange(count, dtype=np.uint64))


def keys(count: int, epoch: int = 0, start: int = 0) -> torch.Tensor:
    """The keys of samples, (N, 3)."""
    columns = [[1000 + number, epoch, 0] for number in range(start, start + count)]
    return torch.tensor(columns)


def augment(images: torch.Tensor, *transforms: Any, scores: torch.Tensor | None = None, **key: int) -> tuple:
    """Images and scores after transforms, given as configs."""
    return BatchTransforms(list(transforms))(images, scores, keys(len(images), **key))


def apart(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """The largest difference, and the share of values that differ."""
    difference = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
    return float(difference.max()), float((difference > 0).mean())


RANDOM_SIZES = [
    dict(type="RandomResizedCrop", scale=(24, 28), interpolation=interpolation, backend=backend)
    for interpolation in ("nearest", "bilinear", "bicubic")
    for backend in ("cv2", "pillow")
]

#: Transforms that move or mix pixels: the same on any device, bit by bit.
EXACT: list[dict[str, Any]] = [
    dict(type="RandomFlip", prob=0.5),
    dict(type="RandomFlip", prob=[0.2, 0.3, 0.3], direction=["horizontal", "vertical", "diagonal"]),
    dict(type="AlternatingFlip"),
    dict(type="RandomCrop", crop_size=(20, 24)),
    dict(type="RandomCrop", crop_size=(20, 24), padding=4, pad_val=9),
    dict(type="RandomCrop", crop_size=(20, 24), padding=(3, 2), padding_mode="reflect"),
    dict(type="RandomCrop", crop_size=(20, 24), padding=4, padding_mode="edge"),
    dict(type="RandomErasing", erase_prob=0.7),
    dict(type="RandomErasing", erase_prob=0.7, mode="rand"),
    dict(type="CutMix", alpha=1.0),
    dict(type="CutMix", alpha=1.0, cutmix_minmax=(0.2, 0.8)),
]

#: Transforms that compute: a device may round otherwise.
ROUNDED: list[dict[str, Any]] = [
    *RANDOM_SIZES,
    dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, hue=0.2),
    dict(type="RandomErasing", erase_prob=0.7, mode="rand", fill_std=20),
    dict(type="RandAugment", policies="timm_increasing", num_policies=2, magnitude_level=9),
    dict(
        type="RandAugment",
        policies="simple_increasing",
        num_policies=2,
        magnitude_level=9,
        magnitude_std="inf",
    ),
    dict(type="TrivialAugmentWide"),
    dict(type="AutoAugment", policies="imagenet"),
    dict(type="Mixup", alpha=0.4),
    dict(
        type="OneOf",
        choices=[dict(type="Mixup", alpha=0.4), dict(type="CutMix", alpha=1.0)],
        probs=[0.5, 0.4],
    ),
]


def named(config: dict[str, Any]) -> str:
    """A name for a case."""
    return "-".join(str(value) for value in config.values() if isinstance(value, (str, int, float)))
