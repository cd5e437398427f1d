"""Batch augmentations as 0.x called them: on class indices, with a probability each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import ConfigError
from mmpretrain.registry import BATCH_AUGMENTS


class _Layer:
    """One augmentation, with its probability.

    Args:
        num_classes: Number of classes.
        prob: How often a batch is augmented.
        **kwargs: Arguments of the augmentation of today.
    """

    today: str

    def __init__(self, num_classes: int, prob: float = 0.5, **kwargs: Any) -> None:
        self.num_classes = num_classes
        self.prob = prob
        self._augment = BATCH_AUGMENTS.build({"type": self.today, **kwargs})

    def __call__(self, img: Tensor, gt_label: Tensor) -> tuple[Tensor, Tensor]:
        """Augment images (B, C, H, W) and labels (B,), or scores (B, K)."""
        return self._augment(img, one_hot_encoding(gt_label, self.num_classes).float())


class BatchMixupLayer(_Layer):
    """Mixup."""

    today = "Mixup"


class BatchCutMixLayer(_Layer):
    """CutMix."""

    today = "CutMix"


class BatchResizeMixLayer(_Layer):
    """ResizeMix."""

    today = "ResizeMix"


class Identity:
    """Leaves a batch alone.

    Args:
        num_classes: Number of classes.
        prob: How often a batch is left alone.
    """

    def __init__(self, num_classes: int, prob: float = 1.0) -> None:
        self.num_classes = num_classes
        self.prob = prob

    def __call__(self, img: Tensor, gt_label: Tensor) -> tuple[Tensor, Tensor]:
        """Return the images, and the labels as scores (B, K)."""
        return img, one_hot_encoding(gt_label, self.num_classes).float()


_LAYERS: dict[str, type] = {
    "BatchMixup": BatchMixupLayer,
    "BatchCutMix": BatchCutMixLayer,
    "BatchResizeMix": BatchResizeMixLayer,
    "Identity": Identity,
}


def build_augment(cfg: Mapping[str, Any]) -> Any:
    """Build an augmentation from its config."""
    options = dict(cfg)
    kind = options.pop("type", None)
    if kind not in _LAYERS:
        raise ConfigError(f"There is no augmentation {kind!r}", hint=f"There are {', '.join(_LAYERS)}.")
    return _LAYERS[kind](**options)


def one_hot_encoding(gt: Tensor, num_classes: int) -> Tensor:
    """Return labels (B,) as (B, K); what is (B, K) already is returned as it is."""
    return F.one_hot(gt.long(), num_classes) if gt.ndim == 1 else gt


class Augments:
    """Draws one of several augmentations for each batch.

    Args:
        augments_cfg: Their configs; the sum of ``prob`` is at most 1, and the rest leaves batches alone.
    """

    def __init__(self, augments_cfg: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        configs = [augments_cfg] if isinstance(augments_cfg, Mapping) else list(augments_cfg)
        self.augments = [build_augment(item) for item in configs]
        total = sum(item.prob for item in self.augments)
        if total > 1 + 1e-9:
            raise ConfigError(f"The probabilities of the augmentations add up to {total}, more than 1")
        if total < 1 - 1e-9:
            self.augments.append(Identity(self.augments[0].num_classes, 1 - total))
        self.augment_probs = [item.prob for item in self.augments]

    def __call__(self, img: Tensor, gt_label: Tensor) -> tuple[Tensor, Tensor]:
        """Augment images (B, C, H, W) and labels (B,) with one of them."""
        weights = np.asarray(self.augment_probs)
        index = int(np.random.choice(len(self.augments), p=weights / weights.sum()))
        with torch.no_grad():
            return self.augments[index](img, gt_label)
