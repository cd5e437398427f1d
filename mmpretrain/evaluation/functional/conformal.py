"""Sets of classes that contain the right one with a given probability, whatever the model is.

Adaptive prediction sets (APS), `Classification with Valid and Adaptive Coverage
<https://arxiv.org/abs/2006.02544>`_, and regularized ones (RAPS), `Uncertainty Sets for Image Classifiers
using Conformal Prediction <https://arxiv.org/abs/2009.14193>`_. The guarantee holds for images from the same
distribution as the calibration images.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError

#: Strengths of RAPS that are tried.
PENALTIES = (0.001, 0.01, 0.1, 0.2, 0.5)


class Penalty(NamedTuple):
    """What RAPS adds to the score of a class: ``strength`` for each rank beyond ``free``."""

    strength: float = 0.0  #: 0 for APS.
    free: int = 0


def conformal_scores(
    probs: Tensor, noise: Tensor | None = None, penalty: Penalty | tuple[float, int] = (0.0, 0)
) -> Tensor:
    """Return how unusual it would be that a class is the right one, (N, C).

    It is the probability of the classes that are likelier than it, and ``noise`` times its own.

    Args:
        probs: Probabilities (N, C).
        noise: Uniform random numbers (N,), with which the coverage becomes exact; None for 0, with which sets
            are never empty and cover more than asked for.
        penalty: Strength and free ranks of RAPS.
    """
    strength, free = penalty
    order = probs.argsort(dim=1, descending=True, stable=True)
    ranked = probs.gather(1, order).double()
    before = ranked.cumsum(1) - ranked
    scores = before if noise is None else before + noise.to(ranked)[:, None] * ranked
    ranks = torch.arange(1, probs.shape[1] + 1, device=probs.device)
    scores = scores + strength * (ranks - free).clamp(min=0)
    return torch.empty_like(scores).scatter_(1, order, scores)


def conformal_quantile(scores: Tensor, coverage: float) -> float:
    """Return the score up to which classes belong into a set.

    It is the k-th smallest of n scores with k = ceil((n + 1) coverage), which makes the coverage at least the
    one asked for with n scores as well; infinite where n is too small for it.

    Args:
        scores: Scores (n,) of the right classes of images that the model was not trained on.
        coverage: The share of images whose set contains the right class, between 0 and 1.
    """
    check_coverage(coverage)
    if not len(scores):
        raise DataError("There is no image to calibrate with")
    place = math.ceil((len(scores) + 1) * coverage - 1e-9)  # 0.9 * 10 is a little more than 9
    return math.inf if place > len(scores) else float(scores.double().kthvalue(max(1, place)).values)


def check_coverage(coverage: float) -> float:
    """Return a coverage; raise unless it is a number between 0 and 1."""
    if isinstance(coverage, bool) or not isinstance(coverage, (int, float)) or not 0 < coverage < 1:
        raise ConfigError(
            f"coverage must be a number between 0 and 1, such as 0.9, got {coverage!r}", key="coverage"
        )
    return float(coverage)


def prediction_sets(scores: Tensor, quantile: float) -> Tensor:
    """Return which classes belong into the set of each image, (N, C) bool.

    Args:
        scores: See :func:`conformal_scores`.
        quantile: See :func:`conformal_quantile`.
    """
    return scores <= quantile


def tuned_penalty(
    probs: Tensor, labels: Tensor, coverage: float, noise: Tensor | None = None,
    strengths: Sequence[float] = PENALTIES,
) -> Penalty:  # fmt: skip
    """Choose the penalty of RAPS, as its authors do: free ranks that reach the coverage, smallest sets.

    Args:
        probs: Probabilities (N, C) of images that are not used for the quantile.
        labels: Their right classes (N,).
        coverage: See :func:`conformal_quantile`.
        noise: See :func:`conformal_scores`.
        strengths: The strengths that are tried.
    """
    own = probs.gather(1, labels[:, None])
    ranks = 1 + (probs > own).sum(1)
    highest = conformal_quantile(ranks, coverage)
    free = probs.shape[1] if math.isinf(highest) else int(highest)

    def mean_size(strength: float) -> float:
        scores = conformal_scores(probs, noise, (strength, free))
        quantile = conformal_quantile(scores.gather(1, labels[:, None]).flatten(), coverage)
        return float(prediction_sets(scores, quantile).sum(1).double().mean())

    return Penalty(min(strengths, key=mean_size), free)
