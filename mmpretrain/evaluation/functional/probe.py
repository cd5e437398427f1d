"""Linear classifiers on features that are computed once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import DataError


@dataclass(frozen=True)
class LinearProbe:
    """A linear classifier of features (N, C), after subtracting a mean and dividing by a deviation.

    Attributes:
        weight: (num_classes, C).
        bias: (num_classes,).
        mean: (C,).
        std: (C,).
        penalty: Strength of the weight decay it was trained with.
    """

    weight: Tensor
    bias: Tensor
    mean: Tensor
    std: Tensor
    penalty: float = 0.0

    def __call__(self, features: Tensor) -> Tensor:
        """Scores (N, num_classes) of features (N, C)."""
        return F.linear((features.to(self.mean) - self.mean) / self.std, self.weight, self.bias)


def logistic_regression(
    features: Tensor,
    labels: Tensor,
    num_classes: int,
    penalties: Sequence[float] = (1e-5, 1e-3, 1e-1),
    max_iter: int = 100,
    common_scale: bool = False,
) -> LinearProbe:
    """Fit multinomial logistic regression with L-BFGS.

    Args:
        features: (N, C).
        labels: Classes (N,).
        num_classes: Number of classes.
        penalties: Factors of the L2 penalty (half the squared weights). Of several, the best on every fifth
            feature, held out, is taken.
        max_iter: Most iterations of L-BFGS.
        common_scale: Divide all features by one deviation, so that those which vary little count little.
    """
    check(features, labels)
    penalty = penalties[0]
    held = torch.arange(len(labels), device=labels.device) % 5 == 4
    if len(penalties) > 1 and int(held.sum()) >= 5:
        scores = []
        for candidate in penalties:
            probe = _fit(features[~held], labels[~held], num_classes, candidate, max_iter, common_scale)
            scores.append(F.cross_entropy(probe(features[held]), labels[held]).item())
        penalty = penalties[min(range(len(scores)), key=scores.__getitem__)]
    return _fit(features, labels, num_classes, penalty, max_iter, common_scale)


def _fit(
    features: Tensor, labels: Tensor, num_classes: int, penalty: float, max_iter: int, common_scale: bool
) -> LinearProbe:
    mean, std, x = _standardized(features, common_scale)
    weight = x.new_zeros(num_classes, x.shape[1], requires_grad=True)
    bias = x.new_zeros(num_classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=max_iter, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(F.linear(x, weight, bias), labels) + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        optimizer.step(closure)  # type: ignore[arg-type]
    return LinearProbe(weight.detach(), bias.detach(), mean, std, penalty)


def sgd_probe(
    features: Tensor,
    labels: Tensor,
    num_classes: int,
    epochs: int = 100,
    batch_size: int = 256,
    lr: float = 0.1,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    seed: int = 0,
) -> LinearProbe:
    """Train a linear classifier as the zoo's linear configs do: SGD with momentum and a cosine schedule.

    Args:
        features: (N, C); they are standardized, as the batch norm before MAE's classifier does.
        labels: Classes (N,).
        num_classes: Number of classes.
        epochs: Passes over the features.
        batch_size: Features in a step.
        lr: Learning rate at the start.
        momentum: Momentum of SGD.
        weight_decay: Weight decay of SGD.
        seed: Of the order of features.
    """
    check(features, labels)
    mean, std, x = _standardized(features)
    weight, bias = (nn.Parameter(x.new_zeros(shape)) for shape in ((num_classes, x.shape[1]), (num_classes,)))
    optimizer = torch.optim.SGD([weight, bias], lr=lr, momentum=momentum, weight_decay=weight_decay)
    generator = torch.Generator().manual_seed(seed)
    steps, done = epochs * math.ceil(len(x) / batch_size), 0
    with torch.enable_grad():
        for _ in range(epochs):
            for index in torch.randperm(len(x), generator=generator).to(x.device).split(batch_size):
                optimizer.param_groups[0]["lr"] = lr * (1 + math.cos(math.pi * done / steps)) / 2
                optimizer.zero_grad()
                F.cross_entropy(F.linear(x[index], weight, bias), labels[index]).backward()
                optimizer.step()
                done += 1
    return LinearProbe(weight.detach(), bias.detach(), mean, std, weight_decay)


def check(features: Tensor, labels: Tensor) -> None:
    """Raise unless there are labels of at least two classes."""
    if len(torch.unique(labels)) < 2:
        raise DataError(
            f"A linear classifier needs labels of two classes or more, got {len(labels)} features of "
            f"{len(torch.unique(labels))}"
        )
    check_finite(features)


def check_finite(*features: Tensor) -> None:
    """Raise unless all values of features (N, C) are finite."""
    if not all(torch.isfinite(part).all() for part in features):
        raise DataError("The features contain values that are not finite: the model has diverged")


def _standardized(features: Tensor, common_scale: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    x = features.detach().float()
    mean, std = x.mean(0), x.std(0, unbiased=False)
    if common_scale:
        std = std.square().mean().sqrt().expand_as(mean)
    std = std.clamp_min(1e-6)
    return mean, std, (x - mean) / std
