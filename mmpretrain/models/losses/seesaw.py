"""Seesaw loss."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import ConfigError
from mmpretrain.models.losses.base import ClassificationLoss
from mmpretrain.models.losses.cross_entropy_loss import cross_entropy
from mmpretrain.models.losses.utils import Reduction
from mmpretrain.registry import MODELS


@MODELS.register_module()
class SeesawLoss(ClassificationLoss):
    """`Seesaw loss <https://arxiv.org/abs/2008.10032>`_ for long-tailed data.

    Softmax cross entropy in which the score of each wrong class is shifted: down for classes seen less
    often than the right one (mitigation), up for classes scored higher than it (compensation). It counts
    the labels that it is given.

    Args:
        use_sigmoid: Must be False.
        p: Strength of the mitigation.
        q: Strength of the compensation.
        num_classes: Number of classes.
        eps: Smallest probability of the right class to divide by.
        reduction: How to reduce over the samples.
        loss_weight: Factor of the result.
    """

    cum_samples: Tensor

    def __init__(
        self,
        use_sigmoid: bool = False,
        p: float = 0.8,
        q: float = 2.0,
        num_classes: int = 1000,
        eps: float = 1e-2,
        reduction: Reduction = "mean",
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(reduction, loss_weight)
        if use_sigmoid:
            raise ConfigError(
                "SeesawLoss has no sigmoid version: use_sigmoid must be False", key="use_sigmoid"
            )
        self.use_sigmoid = False
        self.p = p
        self.q = q
        self.num_classes = num_classes
        self.eps = eps
        self.register_buffer("cum_samples", torch.zeros(num_classes))

    def compute(self, cls_score: Tensor, label: Tensor, **kwargs: Any) -> Tensor:
        """Count the labels (N,), and return the loss; see :meth:`ClassificationLoss.compute`."""
        if cls_score.size(1) != self.num_classes:
            raise ConfigError(
                f"SeesawLoss has num_classes={self.num_classes}, but there are {cls_score.size(1)} logits",
                key="num_classes",
            )
        if label.ndim != 1:
            raise ConfigError(
                f"SeesawLoss needs class indices of shape (N,), got labels of shape {tuple(label.shape)}",
                hint="It cannot be used together with batch augments that mix labels.",
            )
        self.cum_samples += torch.bincount(label, minlength=self.num_classes)
        wrong = 1 - F.one_hot(label, self.num_classes)
        return cross_entropy(cls_score + self._shift(cls_score, label) * wrong, label, **kwargs)

    def _shift(self, cls_score: Tensor, label: Tensor) -> Tensor:
        factor = torch.ones_like(cls_score)
        if self.p > 0:
            seen = self.cum_samples.clamp(min=1)
            factor = factor * (seen / seen[label, None]).clamp(max=1) ** self.p
        if self.q > 0:
            prob = cls_score.detach().softmax(dim=1)
            right = prob.gather(1, label[:, None]).clamp(min=self.eps)
            factor = factor * (prob / right).clamp(min=1) ** self.q
        return factor.log()
