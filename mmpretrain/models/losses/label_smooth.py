"""Label smoothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError
from mmpretrain.models.losses.base import ClassificationLoss
from mmpretrain.models.losses.cross_entropy_loss import CrossEntropyLoss
from mmpretrain.models.losses.utils import Reduction, one_number_per_class
from mmpretrain.registry import MODELS

logger = logging.getLogger(__name__)


@MODELS.register_module()
class LabelSmoothLoss(ClassificationLoss):
    """Cross entropy with smoothed labels (`Inception-v3 <https://arxiv.org/abs/1512.00567>`_).

    With e for ``label_smooth_val`` and K for the number of classes, a label y of 0 or 1 becomes

    - ``'original'``: ``(1 - e) y + e / K``;
    - ``'classy_vision'``: ``(y + e / K) / (1 + e)``, as in the library of that name;
    - ``'multi_label'``: ``(1 - 2 e) y + e``, and the loss is sigmoid cross entropy.

    Labels may be class indices (N,), or one number per class (N, C), mixed ones included.

    Args:
        label_smooth_val: How much to smooth, from 0 up to but not including 1.
        num_classes: Number of classes, checked against the logits.
        use_sigmoid: Whether to use sigmoid cross entropy; by default in mode ``'multi_label'`` only.
        mode: How to smooth.
        reduction: How to reduce over the elements.
        loss_weight: Factor of the result.
        class_weight: Weight of each class.
        pos_weight: Weight of the positive part for each class; for sigmoid cross entropy only.
    """

    def __init__(
        self,
        label_smooth_val: float,
        num_classes: int | None = None,
        use_sigmoid: bool | None = None,
        mode: Literal["original", "classy_vision", "multi_label"] = "original",
        reduction: Reduction = "mean",
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        pos_weight: Sequence[float] | None = None,
    ) -> None:
        super().__init__(reduction, loss_weight)
        if not 0 <= label_smooth_val < 1:
            raise ConfigError(
                f"label_smooth_val must be in [0, 1), got {label_smooth_val!r}", key="label_smooth_val"
            )
        if mode not in ("original", "classy_vision", "multi_label"):
            raise ConfigError(
                f"mode must be 'original', 'classy_vision' or 'multi_label', got {mode!r}", key="mode"
            )
        if mode == "multi_label" and use_sigmoid is False:
            logger.warning("LabelSmoothLoss: mode='multi_label' is meant for use_sigmoid=True.")
        self.num_classes = num_classes
        self.label_smooth_val = label_smooth_val
        self.mode = mode
        sigmoid = mode == "multi_label" if use_sigmoid is None else use_sigmoid
        self.ce = CrossEntropyLoss(
            use_sigmoid=sigmoid, use_soft=not sigmoid, class_weight=class_weight, pos_weight=pos_weight
        )

    def smooth_label(self, label: Tensor) -> Tensor:
        """Smooth labels (N, C)."""
        eps = self.label_smooth_val
        if self.mode == "multi_label":
            return torch.where(label > 0, 1 - eps, eps)
        if self.mode == "classy_vision":
            eps = eps / (1 + eps)
        return label * (1 - eps) + eps / label.shape[1]

    def compute(self, cls_score: Tensor, label: Tensor, **kwargs: Any) -> Tensor:
        """Return the loss; see :meth:`ClassificationLoss.compute`."""
        num_classes = cls_score.shape[1]
        if self.num_classes not in (None, num_classes):
            raise ConfigError(
                f"LabelSmoothLoss has num_classes={self.num_classes}, but there are {num_classes} logits",
                key="num_classes",
            )
        smoothed = self.smooth_label(one_number_per_class(label, num_classes).float())
        return self.ce.compute(cls_score, smoothed, **kwargs)
