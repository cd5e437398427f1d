"""How unlike the images of calibration an image is: higher is more unlike."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import DataError
from mmpretrain.evaluation.functional.neighbors import MAX_ENTRIES

#: Most directions of the covariance that are kept; the others share their mean variance.
MAX_AXES = 1024


def energy_score(logits: Tensor) -> Tensor:
    """Return the free energy of logits, (N,).

    From `Energy-based Out-of-distribution Detection <https://arxiv.org/abs/2010.03759>`_, at temperature 1.

    Args:
        logits: (N, C).
    """
    return -logits.logsumexp(1)


class GaussianFit(NamedTuple):
    """Gaussians of one covariance, one for each class."""

    means: Tensor  #: (K, D).
    axes: Tensor  #: (R, D), orthonormal directions.
    variances: Tensor  #: (R,), along them.
    rest: float  #: Variance along all other directions.


def fit_gaussians(features: Tensor, labels: Tensor) -> GaussianFit:
    """Fit a mean for each class and a covariance that all share.

    The covariance is shrunk towards a multiple of the identity as far as `Ledoit and Wolf
    <https://doi.org/10.1016/S0047-259X(03)00096-4>`_ derive, so that it has an inverse with few images, too.

    Args:
        features: (N, D).
        labels: Classes (N,).
    """
    check_features(features)
    features = features.double()
    classes, places = labels.unique(return_inverse=True)
    sums = features.new_zeros(len(classes), features.shape[1]).index_add_(0, places, features)
    means = sums / torch.bincount(places)[:, None]
    centred = features - means[places]
    count, size = centred.shape
    covariance = centred.T @ centred / count
    usual = covariance.diagonal().mean().clamp(min=1e-12)
    spread = covariance.square().sum() - size * usual**2
    noise = (centred.square().sum(1).square().sum() / count - covariance.square().sum()) / count
    shrinkage = float((noise / spread.clamp(min=1e-30)).clamp(1e-4, 1))
    values, vectors = torch.linalg.eigh(covariance)
    values = (1 - shrinkage) * values.clamp(min=0) + shrinkage * usual
    kept = min(size, MAX_AXES)
    rest = float(values[: size - kept].mean()) if kept < size else float(usual)
    return GaussianFit(means.float(), vectors.T[size - kept :].float(), values[size - kept :].float(), rest)


def mahalanobis_score(features: Tensor, fit: GaussianFit) -> Tensor:
    """Return the squared Mahalanobis distance to the nearest class, (N,); see the next function."""
    return mahalanobis_distances(features, fit).min(1).values


def mahalanobis_distances(features: Tensor, fit: GaussianFit) -> Tensor:
    """Return the squared Mahalanobis distance to each class, (N, K).

    From `A Simple Unified Framework for Detecting Out-of-Distribution Samples
    <https://arxiv.org/abs/1807.03888>`_.

    Args:
        features: (N, D).
        fit: See :func:`fit_gaussians`.
    """
    features = features.to(fit.means)
    along, known = features @ fit.axes.T, fit.means @ fit.axes.T
    scale = fit.variances.rsqrt()
    distances = _squared(along * scale, known * scale)
    if len(fit.axes) < features.shape[1]:
        others = _squared(features, fit.means) - _squared(along, known)
        distances = distances + others.clamp(min=0) / fit.rest
    return distances


def _squared(points: Tensor, others: Tensor) -> Tensor:
    """Squared distances (N, K), exact for points that are near each other."""
    return torch.cdist(points, others, compute_mode="donot_use_mm_for_euclid_dist").square()


def knn_distance(features: Tensor, bank: Tensor, k: int = 10) -> Tensor:
    """Return the distance to the k-th nearest of known features, all of length 1, (N,).

    From `Out-of-Distribution Detection with Deep Nearest Neighbors <https://arxiv.org/abs/2204.06507>`_.

    Args:
        features: (N, D).
        bank: Known features (M, D); if they are fewer than ``k``, the farthest counts.
        k: See above.
    """
    if not len(bank):
        raise DataError("There is no known feature to compare with")
    bank = F.normalize(bank.float(), dim=1)
    parts = []
    for chunk in features.to(bank).split(max(1, MAX_ENTRIES // len(bank))):
        near = torch.cdist(F.normalize(chunk, dim=1), bank).topk(min(k, len(bank)), largest=False)
        parts.append(near.values[:, -1])
    return torch.cat(parts) if parts else features.new_zeros(0)


def check_features(features: Tensor) -> None:
    """Raise if there are no features, or if some are not finite."""
    if features.ndim != 2 or not features.numel():
        raise DataError(f"features must have shape (N, D), got {tuple(features.shape)}")
    if not torch.isfinite(features).all():
        raise DataError("The features contain values that are not finite: the model has diverged")
