"""Labels that predictions contradict."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mmpretrain.errors import DataError
from mmpretrain.evaluation.functional.inputs import ArrayLike, check_same_length, to_tensor
from mmpretrain.evaluation.functional.scaling import temperature_scaling

#: Of labels that are less likely than this, the probability of the other class says more.
_LEAST = 1e-3
#: Probabilities are no smaller, before they are calibrated.
_SMALLEST = 1e-6
#: The least and the most that calibration changes, and how many rows are looked at together.
_SHARPNESS, _ROWS = (0.25, 4.0), 8192


class LabelSuspects(NamedTuple):
    """Samples whose label may be wrong, the most suspicious first; all (S,)."""

    index: Tensor  #: Place of the sample.
    suggested: Tensor  #: Class that the predictions suggest.
    suspicion: Tensor  #: See :func:`label_suspicion`.


def label_suspicion(pred: ArrayLike, target: ArrayLike) -> tuple[Tensor, Tensor]:
    """Return how suspicious each label is, (N,), and the likeliest other class, (N,).

    If labels are wrong at random, and the probabilities are those of the labels as they are, wrong ones among
    them, then the less likely a label is, the likelier it is wrong, whatever the other classes. So the
    probabilities are calibrated by one temperature first. The suspicion is minus the logarithm of that of the
    label, to which a thousandth of those of the classes besides the likeliest other one is added: it orders
    labels that are all but impossible.

    Args:
        pred: Probabilities (N, C) of a model that has not been trained on these samples.
        target: Labels (N,).
    """
    scores, labels = _scores_and_labels(pred, target)
    sharpness = _sharpness(scores, labels)
    parts = [_suspicion(*chunk, sharpness) for chunk in zip(scores.split(_ROWS), labels.split(_ROWS))]
    suspicion, suggested = (torch.cat(column) for column in zip(*parts))
    return suspicion, suggested


def _suspicion(scores: Tensor, labels: Tensor, sharpness: float) -> tuple[Tensor, Tensor]:
    probs = (sharpness * _logs(scores)).softmax(1)
    own = probs.gather(1, labels[:, None]).flatten()
    best, suggested = probs.scatter(1, labels[:, None], -1.0).max(1)
    if scores.shape[1] == 1:
        best, suggested = own, labels
    return -(own + _LEAST * (1 + 1e-9 - best).clamp(min=1e-9)).log(), suggested


def _sharpness(scores: Tensor, labels: Tensor) -> float:
    """Return the power to which probabilities are calibrated, by some thousand samples."""
    step = -(-len(labels) // _ROWS)
    return float(temperature_scaling(_logs(scores[::step]), labels[::step]).weight.clamp(*_SHARPNESS))


def _logs(scores: Tensor) -> Tensor:
    """Return logarithms that are finite, of scores that a model which diverged has put out, too."""
    return scores.double().nan_to_num(0.0, 1.0, 0.0).clamp(min=_SMALLEST).log()


def find_label_suspects(pred: ArrayLike, target: ArrayLike) -> LabelSuspects:
    """Find labels that are probably wrong.

    As in `confident learning <https://arxiv.org/abs/1911.00068>`_, the labels count that contradict a class
    which is likelier, and at least as likely as it is, on average, for its own samples. So many are
    suspected: the first by :func:`label_suspicion` for which another class is likelier.

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
    best = scores.gather(1, suggested[:, None]).flatten().double()
    contradicted = best > own
    count = int((contradicted & (best >= usual[suggested])).sum())
    index = contradicted.nonzero().flatten()
    index = index[suspicion[index].argsort(descending=True, stable=True)][:count]
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
