"""Cross entropy: softmax or sigmoid, with hard or soft labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import ConfigError
from mmpretrain.models.losses.base import ClassificationLoss
from mmpretrain.models.losses.utils import Reduction, sample_weight, weight_reduce_loss
from mmpretrain.registry import MODELS


def cross_entropy(
    pred: Tensor,
    label: Tensor,
    weight: Tensor | None = None,
    reduction: Reduction = "mean",
    avg_factor: float | None = None,
    class_weight: Tensor | None = None,
) -> Tensor:
    """Softmax cross entropy.

    Args:
        pred: Logits (N, C).
        label: Class indices (N,), or the probability of each class (N, C).
        weight: Weights of the samples, (N,).
        reduction: How to reduce.
        avg_factor: What ``'mean'`` divides the sum by.
        class_weight: Weights of the classes, (C,).
    """
    loss = F.cross_entropy(pred, label, weight=class_weight, reduction="none")
    return weight_reduce_loss(loss, sample_weight(weight, loss), reduction, avg_factor)


def soft_cross_entropy(
    pred: Tensor,
    label: Tensor,
    weight: Tensor | None = None,
    reduction: Reduction = "mean",
    class_weight: Tensor | None = None,
    avg_factor: float | None = None,
) -> Tensor:
    """Softmax cross entropy with the probability of each class as label, (N, C) of any number type.

    See :func:`cross_entropy` for the arguments.
    """
    if not label.is_floating_point():
        label = label.to(pred.dtype)
    return cross_entropy(pred, label, weight, reduction, avg_factor, class_weight)


def binary_cross_entropy(
    pred: Tensor,
    label: Tensor,
    weight: Tensor | None = None,
    reduction: Reduction = "mean",
    avg_factor: float | None = None,
    class_weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Sigmoid cross entropy of each element.

    Args:
        pred: Logits (N, C).
        label: Targets (N, C).
        weight: Weights of the samples, (N,).
        reduction: How to reduce, over N * C elements.
        avg_factor: What ``'mean'`` divides the sum by.
        class_weight: Weights of the classes, (C,).
        pos_weight: Weights of the positive part for each class, (C,).
    """
    if pred.shape != label.shape:
        raise ConfigError(
            f"Binary cross entropy needs one target per logit: {tuple(pred.shape)} logits, "
            f"{tuple(label.shape)} targets",
            hint="For one class index per sample use a multi-label head, or use_sigmoid=False.",
        )
    loss = F.binary_cross_entropy_with_logits(
        pred, label.float(), weight=class_weight, pos_weight=pos_weight, reduction="none"
    )
    return weight_reduce_loss(loss, sample_weight(weight, loss), reduction, avg_factor)


@MODELS.register_module()
class CrossEntropyLoss(ClassificationLoss):
    """Softmax cross entropy (the default), or sigmoid cross entropy.

    Args:
        use_sigmoid: Use sigmoid cross entropy; labels are then (N, C).
        use_soft: Labels are probabilities (N, C) of any number type. Mixup and CutMix do not need this:
            without it, labels may be class indices or floating-point probabilities.
        reduction: How to reduce over the elements.
        loss_weight: Factor of the result.
        class_weight: Weight of each class.
        pos_weight: Weight of the positive part for each class; for sigmoid cross entropy only.
    """

    def __init__(
        self,
        use_sigmoid: bool = False,
        use_soft: bool = False,
        reduction: Reduction = "mean",
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        pos_weight: Sequence[float] | None = None,
    ) -> None:
        super().__init__(reduction, loss_weight)
        if use_sigmoid and use_soft:
            raise ConfigError("use_sigmoid and use_soft exclude each other", key="use_sigmoid")
        self.use_sigmoid = use_sigmoid
        self.use_soft = use_soft
        self.class_weight = class_weight
        self.pos_weight = pos_weight
        self.cls_criterion = (
            binary_cross_entropy if use_sigmoid else soft_cross_entropy if use_soft else cross_entropy
        )

    def compute(self, cls_score: Tensor, label: Tensor, **kwargs: Any) -> Tensor:
        """Return the loss; see :meth:`ClassificationLoss.compute`."""
        if self.class_weight is not None:
            kwargs["class_weight"] = cls_score.new_tensor(self.class_weight)
        if self.pos_weight is not None and self.use_sigmoid:
            kwargs["pos_weight"] = cls_score.new_tensor(self.pos_weight)
        return self.cls_criterion(cls_score, label, **kwargs)
