"""Labels that predictions contradict."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mmpretrain.errors import DataError
from mmpretrain.evaluation.functional.inputs import ArrayLike, check_same_length, to_tensor

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
    scores, labels = _scores_and_labels(pred, target)
    top, places = scores.topk(min(2, scores.shape[1]), dim=1)
    place = (places[:, :1] == labels[:, None]).long() * (top.shape[1] - 1)
    best, suggested = top.gather(1, place).flatten(), places.gather(1, place).flatten()
    own = scores.gather(1, labels[:, None]).flatten()
    return best.double().clamp(min=_LEAST).log() - own.double().clamp(min=_LEAST).log(), suggested


def find_label_suspects(pred: ArrayLike, target: ArrayLike) -> LabelSuspects:
    """Find labels that are probably wrong.

    As in `confident learning <https://arxiv.org/abs/1911.00068>`_, a sample is suspected if another class is
    likelier than its label, and at least as likely as that class is, on average, for its own samples.
    They are ordered by :func:`label_suspicion`.

    Args:
        pred: See :func:`label_suspicion`.
        target: See :func:`label_suspicion`.
    """
    scores, labels = _scores_and_labels(pred, target)
    suspicion, suggested = label_suspicion(scores, labels)
    own = scores.gather(1, labels[:, None]).flatten().double()
    counts = torch.bincount(labels, minlength=scores.shape[1])
    usual = torch.bincount(labels, own, scores.shape[1]) / counts.clamp(min=1)
    usual = torch.where(counts > 0, usual, torch.ones_like(usual))
    likely = scores.gather(1, suggested[:, None]).flatten().double() >= usual[suggested]
    index = (likely & (suspicion > 0)).nonzero().flatten()
    index = index[suspicion[index].argsort(descending=True, stable=True)]
    return LabelSuspects(index, suggested[index], suspicion[index])


def _scores_and_labels(pred: ArrayLike, target: ArrayLike) -> tuple[Tensor, Tensor]:
    """Return scores (N, C) and labels (N,), which are checked; without a copy, as both may be large."""
    scores, labels = to_tensor(pred), to_tensor(target).long()
    check_same_length(scores, labels)
    if scores.ndim != 2 or labels.ndim != 1 or not len(labels):
        shapes = f"{tuple(scores.shape)} and {tuple(labels.shape)}"
        raise DataError(f"Expected scores (N, C) and labels (N,), got {shapes}")
    if int(labels.min()) < 0 or int(labels.max()) >= scores.shape[1]:
        raise DataError(f"Labels must be from 0 to {scores.shape[1] - 1}")
    return scores, labels
