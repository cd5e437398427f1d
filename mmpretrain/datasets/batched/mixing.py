"""Mixup and CutMix with a weight of its own for each sample.

The numbers of a sample (weight, box, whether it is mixed) depend on its key. Its partner is another sample of
the same batch on the same process: the one that follows it in an order that the keys give.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmpretrain.datasets.batched.base import Batch, BatchTransform
from mmpretrain.datasets.batched.erasing import box_mask
from mmpretrain.datasets.transforms.checks import ordered_range, probability, require
from mmpretrain.errors import ConfigError
from mmpretrain.registry import BATCH_TRANSFORMS
from mmpretrain.utils.keyed_draws import Draws


class MixTransform(BatchTransform):
    """Base of transforms that mix each image with another one.

    Args:
        alpha: Both parameters of the beta distribution of the weight.
        prob: Probability that an image is mixed.
    """

    mixes = True

    def __init__(self, alpha: float, prob: float = 1.0) -> None:
        require(
            isinstance(alpha, (int, float)) and not isinstance(alpha, bool) and 0 < alpha < math.inf,
            f"alpha must be a positive, finite number, got {alpha!r}",
            key="alpha",
        )
        probability("prob", prob)
        self.alpha = alpha
        self.prob = prob

    def __call__(self, batch: Batch) -> None:
        keep, weights = self.shares(batch.images, batch.draws)
        mixed = batch.draws.uniform() < self.prob
        blend_with_partners(batch, partners(batch.draws), *_only(mixed, keep, weights))

    def shares(self, images: Tensor, draws: Draws) -> tuple[Tensor, np.ndarray]:
        """Return how much of each pixel is kept, (B, 1, H, W) or (B, 1, 1, 1), and of each label, (B,)."""
        raise NotImplementedError

    def apply(self, images: Tensor, draws: Draws) -> Tensor:
        """Images alone are not mixed."""
        raise ConfigError(f"{type(self).__name__} mixes labels, too: call it with a batch")


def partners(draws: Draws) -> np.ndarray:
    """Return another sample of the batch for each one, (B,)."""
    order = np.argsort(draws.uniform())
    found = np.empty_like(order)
    found[order] = np.roll(order, -1)
    return found


def _only(mixed: np.ndarray, keep: Tensor, weights: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """Keep everything where ``mixed`` (B,) does not hold."""
    mask = torch.from_numpy(mixed).to(keep.device).view(-1, 1, 1, 1)
    return torch.where(mask, keep, torch.ones_like(keep)), np.where(mixed, weights, 1.0)


def blend_with_partners(batch: Batch, partner: np.ndarray, keep: Tensor, weights: np.ndarray) -> None:
    """Mix images and labels of a batch with those of the partners."""
    if batch.scores is None:  # refused before; a user's loop may come here
        raise ConfigError("Mixup and CutMix need one-hot labels")
    images, scores = batch.images, batch.scores.float()
    index = torch.from_numpy(partner).to(images.device)
    batch.images = keep * images + (1 - keep) * images[index]
    share = torch.from_numpy(weights).to(scores)[:, None]
    batch.scores = share * scores + (1 - share) * scores[index]


@BATCH_TRANSFORMS.register_module("Mixup")
class BatchMixup(MixTransform):
    """Blend each image, and its label, with another one; from `mixup <https://arxiv.org/abs/1710.09412>`_.

    Args:
        alpha: Both parameters of the beta distribution of the weight.
        prob: Probability that an image is mixed.
    """

    def shares(self, images: Tensor, draws: Draws) -> tuple[Tensor, np.ndarray]:
        weights = draws.beta(self.alpha)
        return torch.from_numpy(weights).to(images).view(-1, 1, 1, 1), weights


@BATCH_TRANSFORMS.register_module("CutMix")
class BatchCutMix(MixTransform):
    """Replace a box of each image by that of another one; from `CutMix <https://arxiv.org/abs/1905.04899>`_.

    Args:
        alpha: Both parameters of the beta distribution of the area that is kept.
        cutmix_minmax: Range of the edges of the box, relative to the image; the area is not drawn then.
        correct_lam: Weigh the labels by the true area of the box, which the border may have cut.
        prob: Probability that an image is mixed.
    """

    def __init__(
        self,
        alpha: float,
        cutmix_minmax: Sequence[float] | None = None,
        correct_lam: bool = True,
        prob: float = 1.0,
    ) -> None:
        super().__init__(alpha, prob)
        self.cutmix_minmax = None if cutmix_minmax is None else ordered_range("cutmix_minmax", cutmix_minmax)
        self.correct_lam = correct_lam

    def boxes(self, height: int, width: int, kept: np.ndarray, draws: Draws) -> np.ndarray:
        """Draw (top, left, height, width) for each image, (B, 4), given the area that is kept."""
        sides = []
        for full in (height, width):
            if self.cutmix_minmax is not None:
                low, high = (int(full * bound) for bound in self.cutmix_minmax)
                edge = low + draws.integers(max(high - low, 1))
                start = draws.integers(full - edge)
                sides.append((start, start + edge))
            else:
                half = (full * np.sqrt(1 - kept)).astype(np.int64) // 2
                center = draws.integers(full)
                sides.append((np.maximum(center - half, 0), np.minimum(center + half, full)))
        (top, bottom), (left, right) = sides
        return np.stack([top, left, bottom - top, right - left], axis=1)

    def shares(self, images: Tensor, draws: Draws) -> tuple[Tensor, np.ndarray]:
        height, width = images.shape[-2:]
        kept = draws.beta(self.alpha)
        boxes = self.boxes(height, width, kept, draws)
        if self.correct_lam or self.cutmix_minmax is not None:
            kept = 1 - boxes[:, 2] * boxes[:, 3] / (height * width)
        return 1 - box_mask(boxes, images).to(images.dtype), kept


@BATCH_TRANSFORMS.register_module("OneOf")
class BatchOneOf(BatchTransform):
    """Mix each image in one of several ways, or not at all.

    Args:
        choices: Configs of Mixup and CutMix.
        probs: Their probabilities, at most 1 together; with the rest an image stays as it is. By default all
            are equally likely, and one is always applied.
    """

    mixes = True

    def __init__(
        self, choices: Sequence[Mapping[str, Any] | MixTransform], probs: Sequence[float] | None = None
    ) -> None:
        self.choices: list[MixTransform] = [BATCH_TRANSFORMS.build(item) for item in choices]
        wrong = [type(item).__name__ for item in self.choices if not isinstance(item, MixTransform)]
        require(self.choices and not wrong, f"choices takes Mixup and CutMix, got {wrong}", key="choices")
        given = [1 / len(self.choices)] * len(self.choices) if probs is None else list(probs)
        require(
            len(given) == len(self.choices) and min(given) >= 0 and sum(given) <= 1 + 1e-9,
            f"probs needs a number for each of {len(self.choices)} choices, at most 1 in sum, got {probs!r}",
            key="probs",
        )
        self.probs = [*given, max(1 - sum(given), 0.0)]

    def __call__(self, batch: Batch) -> None:
        images, draws = batch.images, batch.draws
        drawn = draws.choices(self.probs)
        keep, weights = images.new_ones(len(images), 1, *images.shape[-2:]), np.ones(len(images))
        for number, choice in enumerate(self.choices):
            own = draws.fork(number)
            share, weight = choice.shares(images, own)
            share, weight = _only((drawn == number) & (own.uniform() < choice.prob), share, weight)
            keep, weights = keep * share, weights * weight
        blend_with_partners(batch, partners(draws), keep, weights)

    def apply(self, images: Tensor, draws: Draws) -> Tensor:
        """Images alone are not mixed."""
        raise ConfigError("OneOf mixes labels, too: call it with a batch")
