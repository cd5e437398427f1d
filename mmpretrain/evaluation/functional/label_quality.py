"""Labels that predictions contradict."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mmpretrain.evaluation.functional.inputs import ArrayLike, one_target_per_class

#: Probabilities below it count as this one: models are not as sure as their smallest scores say.
_LEAST = 1e-3


class LabelSuspects(NamedTuple):
    """Samples whose label may be wrong, the most suspicious first; all (S,)."""

    index: Tensor  #: Place of the sample.
    suggested: Tensor  #: Class that the predictions suggest.
    suspicion: Tensor  #: Logarithm of how much likelier that class is than the label.


def label_suspicion(pred: ArrayLike, target: ArrayLike) -> tuple[Tensor, Tensor]:
    """Return how suspicious each label is, (N,), and the likeliest other class, (N,).

    The suspicion is the logarithm of the probability of that class over the probability of the label.

    Args:
        pred: Probabilities (N, C) of a model that has not been trained on these samples.
        target: Labels (N,).
    """
    scores, targets = one_target_per_class(pred, target)
    labels = targets.argmax(1, keepdim=True)
    others = scores.scatter(1, labels, -1.0)
    best, suggested = others.max(1)
    own = scores.gather(1, labels).flatten()
    return best.clamp(min=_LEAST).log() - own.clamp(min=_LEAST).log(), suggested


def find_label_suspects(pred: ArrayLike, target: ArrayLike) -> LabelSuspects:
    """Find labels that are probably wrong.

    As in `confident learning <https://arxiv.org/abs/1911.00068>`_, a sample is suspected if another class is
    likelier than its label, and at least as likely as that class is, on average, for its own samples.
    They are ordered by :func:`label_suspicion`.

    Args:
        pred: See :func:`label_suspicion`.
        target: See :func:`label_suspicion`.
    """
    scores, targets = one_target_per_class(pred, target)
    suspicion, suggested = label_suspicion(pred, target)
    counts = targets.sum(0)
    usual = (scores * targets).sum(0) / counts.clamp(min=1)
    usual = torch.where(counts > 0, usual, torch.ones_like(usual))
    likely = scores.gather(1, suggested[:, None]).flatten() >= usual[suggested]
    index = (likely & (suspicion > 0)).nonzero().flatten()
    index = index[suspicion[index].argsort(descending=True, stable=True)]
    return LabelSuspects(index, suggested[index], suspicion[index])
