"""How far right values stray from predicted ones, as a function of the features of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mmpretrain.errors import DataError

#: Strengths of the penalty that are tried.
PENALTIES = (0.01, 0.1, 1.0)
#: A spread is no smaller, and no larger, than the usual one by this factor.
FARTHEST = 16.0
_SMALLEST = 1e-12


class Spread(NamedTuple):
    """The expected distance of D values from their predictions, given features."""

    weight: Tensor  #: (D, F), of standardized features; zeros if the spread is the same for all images.
    bias: Tensor  #: (D,), the logarithm of the spread of an image with mean features.
    mean: Tensor  #: (F,).
    std: Tensor  #: (F,).

    def __call__(self, features: Tensor) -> Tensor:
        """Return the spread of each value, (N, D), of features (N, F)."""
        deviation = (features.to(self.mean) - self.mean) / self.std @ self.weight.T
        reach = torch.tensor(FARTHEST).log()
        return (self.bias + deviation.clamp(-reach, reach)).exp()

    @property
    def constant(self) -> bool:
        """Whether it is the same for all images."""
        return not bool(self.weight.any())


def fit_spread(
    features: Tensor, distances: Tensor, folds: Tensor, penalties: Sequence[float] = PENALTIES
) -> Spread:
    """Find the spread under which distances are likeliest, if they follow an exponential distribution.

    The logarithm of the spread is linear in the features. Its penalty is the one that makes held-out images
    likeliest. If they gain no more by it than one standard error over the same spread for all images, this is
    the result.

    Args:
        features: (N, F).
        distances: Absolute differences of right and predicted values (N, D).
        folds: The fold of each image (N,), to choose the penalty.
        penalties: Factors of the squared weights that are tried.

    Raises:
        DataError: If there is no image, or a number is not finite.
    """
    if not len(features):
        raise DataError("There is no image to calibrate with")
    if not (torch.isfinite(features).all() and torch.isfinite(distances).all()):
        raise DataError("The model puts out values that are not finite: it has diverged")
    features, distances = features.double(), distances.double().clamp(min=_SMALLEST)
    losses = {one: _held_out_losses(features, distances, folds, one) for one in (None, *penalties)}
    best = min(penalties, key=lambda penalty: float(losses[penalty].mean()))
    gains = losses[None] - losses[best]
    error = gains.std(unbiased=False) / len(gains) ** 0.5
    return _fit(features, distances, best if gains.mean() > error else None)


def _held_out_losses(features: Tensor, distances: Tensor, folds: Tensor, penalty: float | None) -> Tensor:
    """Return the negative log-likelihood of each image, (N,), by a fit to the other folds."""
    losses = features.new_zeros(len(features))
    for fold in folds.unique():
        held = folds == fold
        if not held.all():
            spread = _fit(features[~held], distances[~held], penalty)(features[held]).double()
            losses[held] = (spread.log() + distances[held] / spread).sum(1)
    return losses


def _fit(features: Tensor, distances: Tensor, penalty: float | None) -> Spread:
    """Fit by L-BFGS; without a penalty, the spread is the mean distance."""
    mean, std = features.mean(0), features.std(0, unbiased=False)
    std = torch.where(std > 1e-6 * features.abs().amax(0).clamp(min=_SMALLEST), std, torch.ones_like(std))
    weight = features.new_zeros(distances.shape[1], features.shape[1])
    bias = distances.mean(0).log()
    if penalty is not None:
        weight, bias = _optimized((features - mean) / std, distances, weight, bias, penalty)
    return Spread(weight.float(), bias.float(), mean.float(), std.float())


def _optimized(
    inputs: Tensor, distances: Tensor, weight: Tensor, bias: Tensor, penalty: float
) -> tuple[Tensor, Tensor]:
    values = [weight.clone().requires_grad_(), bias.clone().requires_grad_()]
    optimizer = torch.optim.LBFGS(values, max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        logs = inputs @ values[0].T + values[1]
        loss = (logs + distances * (-logs).exp()).mean(0).sum() + penalty * values[0].square().sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        optimizer.step(closure)  # type: ignore[arg-type]
    return values[0].detach(), values[1].detach()
