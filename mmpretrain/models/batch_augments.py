"""Augmentations that mix the images of a batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import BATCH_AUGMENTS

Mixed = tuple[Tensor, Tensor]
#: (top, bottom, left, right)
Box = tuple[int, int, int, int]


@BATCH_AUGMENTS.register_module()
class Mixup:
    """Blend each image, and its score, with another one of the batch.

    From `mixup: Beyond Empirical Risk Minimization <https://arxiv.org/abs/1710.09412>`_.

    Args:
        alpha: Both parameters of the beta distribution of the blending weight.
    """

    def __init__(self, alpha: float) -> None:
        if not isinstance(alpha, (int, float)) or isinstance(alpha, bool) or not 0 < alpha < math.inf:
            raise ConfigError(
                f"{type(self).__name__}: alpha must be a positive, finite number, got {alpha!r}", key="alpha"
            )
        self.alpha = alpha

    def __call__(self, batch_inputs: Tensor, batch_score: Tensor) -> Mixed:
        """Mix images (B, C, H, W) and their scores (B, K)."""
        if batch_score.ndim != 2:
            raise DataError(
                f"{type(self).__name__} mixes scores (batch, classes), got {tuple(batch_score.shape)}",
                hint="Set num_classes in data_preprocessor.",
            )
        return self.mix(batch_inputs, batch_score.float())

    def mix(self, batch_inputs: Tensor, batch_scores: Tensor) -> Mixed:
        """Mix images and scores; random numbers come from NumPy (weight) and torch (partners)."""
        weight = np.random.beta(self.alpha, self.alpha)
        partner = torch.randperm(len(batch_inputs))
        return blend(batch_inputs, partner, weight), blend(batch_scores, partner, weight)


def blend(values: Tensor, partner: Tensor, weight: float) -> Tensor:
    """``weight`` of each row and the rest of its partner."""
    return weight * values + (1 - weight) * values[partner]


@BATCH_AUGMENTS.register_module()
class CutMix(Mixup):
    """Replace a box of each image by that of another image of the batch.

    From `CutMix <https://arxiv.org/abs/1905.04899>`_.

    Args:
        alpha: Both parameters of the beta distribution of the area that is kept.
        cutmix_minmax: Range of the edges of the box, relative to the image; the area is not drawn then.
        correct_lam: Weigh the scores by the true area of the box, which the border may have cut.
    """

    def __init__(
        self, alpha: float, cutmix_minmax: Sequence[float] | None = None, correct_lam: bool = True
    ) -> None:
        super().__init__(alpha)
        if cutmix_minmax is not None and len(cutmix_minmax) != 2:
            raise ConfigError(f"cutmix_minmax must be (min, max), got {cutmix_minmax!r}", key="cutmix_minmax")
        self.cutmix_minmax = cutmix_minmax
        self.correct_lam = correct_lam

    def rand_bbox_minmax(self, img_shape: Sequence[int], count: int | None = None) -> Any:
        """Draw a box with edges from ``cutmix_minmax`` that lies in the image."""
        low, high = self.cutmix_minmax  # type: ignore[misc]
        height, width = img_shape
        box_h = np.random.randint(int(height * low), int(height * high), size=count)
        box_w = np.random.randint(int(width * low), int(width * high), size=count)
        top = np.random.randint(0, height - box_h, size=count)
        left = np.random.randint(0, width - box_w, size=count)
        return top, top + box_h, left, left + box_w

    def rand_bbox(
        self, img_shape: Sequence[int], lam: float, margin: float = 0.0, count: int | None = None
    ) -> Any:
        """Draw a box of area ``1 - lam`` around a random point; the border cuts it.

        Args:
            img_shape: (height, width).
            lam: Area that is kept.
            margin: Distance of the point from the border, in edges of the box.
            count: Draw that many boxes.
        """
        edges = [int(edge * np.sqrt(1 - lam)) for edge in img_shape]
        centers = [
            np.random.randint(int(margin * edge), full - int(margin * edge), size=count)
            for full, edge in zip(img_shape, edges)
        ]
        (top, bottom), (left, right) = (
            (np.clip(center - edge // 2, 0, full), np.clip(center + edge // 2, 0, full))
            for center, edge, full in zip(centers, edges, img_shape)
        )
        return top, bottom, left, right

    def cutmix_bbox_and_lam(
        self, img_shape: Sequence[int], lam: float, count: int | None = None
    ) -> tuple[Box, float]:
        """Draw a box; return it with the area that is kept."""
        if self.cutmix_minmax is not None:
            box = self.rand_bbox_minmax(img_shape, count)
        else:
            box = self.rand_bbox(img_shape, lam, count=count)
        if self.correct_lam or self.cutmix_minmax is not None:
            top, bottom, left, right = box
            lam = 1.0 - (bottom - top) * (right - left) / float(img_shape[0] * img_shape[1])
        return box, lam

    def draw_lam(self) -> float:
        """Draw the area that is kept."""
        return np.random.beta(self.alpha, self.alpha)

    def patches(self, batch_inputs: Tensor, partner: Tensor, box: Box) -> Tensor:
        """What goes into the box."""
        top, bottom, left, right = box
        return batch_inputs[partner, :, top:bottom, left:right]

    def mix(self, batch_inputs: Tensor, batch_scores: Tensor) -> Mixed:
        """Mix images, in place, and scores."""
        lam = self.draw_lam()
        partner = torch.randperm(len(batch_inputs))
        box, lam = self.cutmix_bbox_and_lam(batch_inputs.shape[-2:], lam)
        top, bottom, left, right = (int(edge) for edge in box)
        if bottom > top and right > left:
            patches = self.patches(batch_inputs, partner, (top, bottom, left, right))
            batch_inputs[:, :, top:bottom, left:right] = patches
        return batch_inputs, blend(batch_scores, partner, lam)


@BATCH_AUGMENTS.register_module()
class ResizeMix(CutMix):
    """Paste another image of the batch, made smaller, into each image.

    From `ResizeMix <https://arxiv.org/abs/2012.11101>`_.

    Args:
        alpha: See :class:`CutMix`.
        lam_min: Smallest area that is kept.
        lam_max: Largest area that is kept.
        interpolation: Mode of :func:`torch.nn.functional.interpolate`.
        cutmix_minmax: See :class:`CutMix`.
        correct_lam: See :class:`CutMix`.
    """

    def __init__(
        self,
        alpha: float,
        lam_min: float = 0.1,
        lam_max: float = 0.8,
        interpolation: str = "bilinear",
        cutmix_minmax: Sequence[float] | None = None,
        correct_lam: bool = True,
    ) -> None:
        super().__init__(alpha, cutmix_minmax, correct_lam)
        self.lam_min = lam_min
        self.lam_max = lam_max
        self.interpolation = interpolation

    def draw_lam(self) -> float:
        """Draw the area that is kept, between ``lam_min`` and ``lam_max``."""
        return super().draw_lam() * (self.lam_max - self.lam_min) + self.lam_min

    def patches(self, batch_inputs: Tensor, partner: Tensor, box: Box) -> Tensor:
        """The whole partners, resized."""
        top, bottom, left, right = box
        # Only the linear and cubic modes have corners to align.
        corners = False if self.interpolation in ("linear", "bilinear", "bicubic", "trilinear") else None
        size = (bottom - top, right - left)
        return F.interpolate(batch_inputs[partner], size=size, mode=self.interpolation, align_corners=corners)


@BATCH_AUGMENTS.register_module()
class RandomBatchAugment:
    """Apply one of several batch augmentations, or none.

    Args:
        augments: Configs or callables, or one of them.
        probs: Their probabilities, at most 1 together; with the rest the batch stays as it is. By default all
            are equally likely, and one is always applied.

    Example:
        >>> augment = RandomBatchAugment([Mixup(0.8), CutMix(1.0)], probs=[0.3, 0.6])
    """

    def __init__(
        self,
        augments: Mapping | Callable | Sequence[Mapping | Callable],
        probs: float | Sequence[float] | None = None,
    ) -> None:
        items = list(augments) if isinstance(augments, (list, tuple)) else [augments]
        self.augments: list[Callable[..., Mixed] | None] = [BATCH_AUGMENTS.build(item) for item in items]
        self.probs: list[float] | None = None
        if probs is not None:
            given = [probs] if isinstance(probs, (int, float)) else list(probs)
            if len(given) != len(items):
                raise ConfigError(
                    f"probs needs one number for each of {len(items)} augments, got {probs!r}", key="probs"
                )
            rest = 1 - sum(given)
            if rest < -1e-9 or min(given) < 0:
                raise ConfigError(
                    f"probs must not be negative nor exceed 1 together, got {probs!r}", key="probs"
                )
            self.augments.append(None)
            self.probs = [*given, max(rest, 0.0)]

    def __call__(self, batch_input: Tensor, batch_score: Tensor) -> Mixed:
        """Augment images (B, C, H, W) and scores (B, K)."""
        augment = self.augments[np.random.choice(len(self.augments), p=self.probs)]
        if augment is None:
            return batch_input, batch_score.float()
        return augment(batch_input, batch_score)
