"""Losses for classes that have an order.

K classes are K - 1 questions: is the class above the k-th? Labels may be class indices (N,), or one number
per class (N, K), as batch augments mix them.
"""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from mmpretrain.models.losses.base import ClassificationLoss
from mmpretrain.models.losses.utils import (
    one_number_per_class,
    sample_weight,
    weight_reduce_loss,
)
from mmpretrain.registry import MODELS


@MODELS.register_module()
class CoralLoss(ClassificationLoss):
    """Cross entropy of each question, summed over the questions (`CORAL <https://arxiv.org/abs/1901.07884>`_).

    Args:
        reduction: How to reduce over the N samples.
        loss_weight: Factor of the result.
    """

    def compute(self, cls_score: Tensor, label: Tensor, **kwargs: Any) -> Tensor:
        """Return the loss of logits (N, K - 1); see :meth:`ClassificationLoss.compute`."""
        logits = cls_score.float()
        above, _ = _shares(logits, label)
        loss = F.binary_cross_entropy_with_logits(logits, above, reduction="none").sum(1)
        kwargs["weight"] = sample_weight(kwargs.get("weight"), loss)
        return weight_reduce_loss(loss, **kwargs)


@MODELS.register_module()
class CornLoss(ClassificationLoss):
    """Cross entropy of each question over the samples that it is about.

    See `CORN <https://arxiv.org/abs/2111.08851>`_. The k-th question, whether the class is above k, is put to
    samples of class k and above only.

    Args:
        reduction: How to reduce over all pairs of a sample and a question that is put to it.
        loss_weight: Factor of the result.
    """

    def compute(self, cls_score: Tensor, label: Tensor, **kwargs: Any) -> Tensor:
        """Return the loss of logits (N, K - 1); see :meth:`ClassificationLoss.compute`."""
        logits = cls_score.float()
        above, at = _shares(logits, label)
        loss = -(above * F.logsigmoid(logits) + at * F.logsigmoid(-logits))
        kwargs["weight"] = sample_weight(kwargs.get("weight"), loss)
        if kwargs.get("reduction") == "mean" and kwargs.get("avg_factor") is None:
            kwargs["avg_factor"] = (above + at).sum()
        return weight_reduce_loss(loss, **kwargs)


def _shares(logits: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Return for each question how much of a sample is above and how much is at its class, (N, K - 1)."""
    shares = one_number_per_class(label, logits.shape[1] + 1).to(logits.dtype)
    above = shares.flip(1).cumsum(1).flip(1)[:, 1:]
    return above, shares[:, :-1]
