"""How well the scores of a classifier agree with how often it is right."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional.inputs import ArrayLike, one_target_per_class, to_tensor

#: Softmax in low precision may end so far above 1.
_SLACK = 1e-2


class Reliability(NamedTuple):
    """What a reliability diagram shows, per bin of confidence; all (B,), float64."""

    confidence: Tensor  #: Mean confidence, NaN for empty bins.
    accuracy: Tensor  #: Share that is right, NaN for empty bins.
    count: Tensor  #: Number of predictions.

    def error(self) -> Tensor:
        """Mean distance of confidence and accuracy, weighted by the number of predictions."""
        gap = (self.confidence - self.accuracy).abs().nan_to_num()
        return (gap * self.count).sum() / self.count.sum()


def reliability(confidence: Tensor, right: Tensor, num_bins: int = 15) -> Reliability:
    """Sort predictions into bins of equal width, (0, 1/B], (1/B, 2/B], ...

    Args:
        confidence: (N,), from 0 to 1.
        right: (N,), whether each prediction is right.
        num_bins: Number of bins B.
    """
    check_bins(num_bins)
    confidence = confidence.double().contiguous()
    edges = torch.linspace(0, 1, num_bins + 1, dtype=torch.float64, device=confidence.device)
    bins = torch.bucketize(confidence, edges[1:-1])
    count = torch.bincount(bins, minlength=num_bins).double()
    mean = torch.bincount(bins, confidence, num_bins) / count
    return Reliability(mean, torch.bincount(bins, right.double(), num_bins) / count, count)


def check_bins(num_bins: int) -> int:
    """Return the number of bins; raise unless it is a positive integer."""
    if isinstance(num_bins, bool) or not isinstance(num_bins, int) or num_bins < 1:
        raise ConfigError(f"num_bins must be a positive integer, got {num_bins!r}", key="num_bins")
    return num_bins


def expected_calibration_error(pred: ArrayLike, target: ArrayLike, num_bins: int = 15) -> Tensor:
    """Distance of the confidence in the best class from its accuracy, averaged over bins, from 0 to 1.

    For several labels per sample, each class of each sample is a prediction with its score as confidence.
    From `On Calibration of Modern Neural Networks <https://arxiv.org/abs/1706.04599>`_.

    Args:
        pred: Probabilities (N, C).
        target: Labels (N,), or (N, C) with 1 for the classes of a sample, 0 for others, -1 where it does not
            count.
        num_bins: Number of bins.
    """
    scores, targets = _probabilities(pred, target)
    if _single_label(target, scores, targets):
        confidence, best = scores.max(dim=1, keepdim=True)
        return reliability(confidence.flatten(), targets.gather(1, best).flatten() == 1, num_bins).error()
    counted = targets != -1
    return reliability(scores[counted], targets[counted] == 1, num_bins).error()


def classwise_calibration_error(pred: ArrayLike, target: ArrayLike, num_bins: int = 15) -> Tensor:
    """Calibration error of the scores of each class, (C,), from 0 to 1.

    From `Beyond temperature scaling <https://arxiv.org/abs/1910.12656>`_. Arguments as in
    :func:`expected_calibration_error`.
    """
    scores, targets = _probabilities(pred, target)
    columns = zip(scores.T, targets.T)
    return torch.stack([reliability(s[t != -1], t[t != -1] == 1, num_bins).error() for s, t in columns])


def _probabilities(pred: ArrayLike, target: ArrayLike) -> tuple[Tensor, Tensor]:
    """Return scores and targets, both (N, C); raise unless the scores lie between 0 and 1."""
    scores, targets = one_target_per_class(pred, target)
    within = _from_0_to_1(scores)
    if not within.all():
        raise DataError(
            f"Calibration is about probabilities, from 0 to 1, and a score is {scores[~within][0].item():g}",
            hint="Scores must be those after softmax or sigmoid.",
        )
    return scores.clamp(0, 1), targets


def are_probabilities(scores: Tensor) -> bool:
    """Whether all scores lie between 0 and 1, so that calibration has a meaning."""
    return bool(_from_0_to_1(scores).all())


def _from_0_to_1(scores: Tensor) -> Tensor:
    return (scores >= -_SLACK) & (scores <= 1 + _SLACK)  # False for NaN


def brier_score(pred: ArrayLike, target: ArrayLike) -> Tensor:
    """Mean squared distance of probabilities from zeros and ones; 0 is best.

    For one label per sample, summed over the classes, and halved for two classes, so that it is the squared
    error of the second class. For several labels, averaged over the classes. Arguments as in
    :func:`expected_calibration_error`.
    """
    scores, targets = _probabilities(pred, target)
    if not _single_label(target, scores, targets):
        counted = targets != -1
        return (scores[counted] - targets[counted]).square().mean()
    total = (scores - targets).square().sum(1).mean()
    return total / 2 if scores.shape[1] == 2 else total


def negative_log_likelihood(pred: ArrayLike, target: ArrayLike) -> Tensor:
    """Mean negative logarithm of the probability of the right class (log loss).

    For several labels per sample, binary cross entropy, averaged over the classes. A probability of 0 counts
    as the precision of the scores' type. Arguments as in :func:`expected_calibration_error`.
    """
    scores, targets = _probabilities(pred, target)
    if _single_label(target, scores, targets):
        return -(scores.clamp(min=_precision(pred)).log() * targets).sum(1).mean()
    counted = targets != -1
    right = torch.where(targets == 1, scores, 1 - scores)[counted]
    return -right.clamp(min=_precision(pred)).log().mean()


def _single_label(given: ArrayLike, scores: Tensor, targets: Tensor) -> bool:
    """Whether samples have one label: it was given, or targets are one-hot where scores add up to 1.

    Samples of several labels may happen to have one each; their scores are independent of each other.
    """
    if to_tensor(given).ndim == 1:
        return scores.shape[1] > 1
    one = ((targets == 1).sum(1) == 1).all() and not (targets == -1).any()
    return bool(one and (scores.sum(1) - 1).abs().max() <= _SLACK)


def _precision(pred: ArrayLike) -> float:
    dtype = pred.dtype if isinstance(pred, Tensor) and pred.is_floating_point() else torch.float64
    return torch.finfo(dtype).eps
