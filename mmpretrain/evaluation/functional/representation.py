"""Measures of the quality of features that need no labels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def rank_me(features: Tensor, eps: float = 1e-7) -> float:
    """The effective rank of features (N, C): 1 if all lie on a line, min(N, C) if they fill the space evenly.

    The exponential of the entropy of the singular values, from `RankMe <https://arxiv.org/abs/2210.02885>`_.

    Args:
        features: Features of N images.
        eps: Added to the shares of the singular values.
    """
    values = torch.linalg.svdvals(features.float())
    shares = values / values.sum().clamp(min=eps) + eps
    return float((-(shares * shares.log()).sum()).exp())


def spread(features: Tensor) -> float:
    """How much the directions of features (N, C) differ: 0 if all are the same, 1 if they are spread evenly.

    The standard deviation of a channel of features of length 1, times the square root of C, as in `SimSiam
    <https://arxiv.org/abs/2011.10566>`_.
    """
    unit = F.normalize(features.float(), dim=1)
    return float(unit.std(dim=0, unbiased=False).square().sum().sqrt())


def alignment(first: Tensor, second: Tensor) -> float:
    """Mean squared distance of the directions of paired features (N, C): 0 if they agree.

    From `Understanding contrastive learning through alignment and uniformity
    <https://arxiv.org/abs/2005.10242>`_.
    """
    return float(
        (F.normalize(first.float(), dim=1) - F.normalize(second.float(), dim=1)).square().sum(1).mean()
    )


def uniformity(features: Tensor, t: float = 2.0) -> float:
    """How evenly the directions of features (N, C) lie on the sphere: 0 if all are the same, lower is better.

    The logarithm of the mean of ``exp(-t * squared distance)`` over pairs of images; see :func:`alignment`.
    """
    unit = F.normalize(features.float(), dim=1)
    return float(F.pdist(unit).square().mul(-t).exp().mean().clamp(min=1e-30).log())


def entropy(probs: Tensor) -> float:
    """Mean entropy of distributions (N, K), as a share of the largest possible one: 0 to 1."""
    probs = probs.float()
    return float(-torch.special.xlogy(probs, probs).sum(1).mean() / torch.tensor(float(probs.shape[1])).log())
