"""Scores of how unlike the images of calibration an image is, with the facts that they need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from mmpretrain.errors import CheckpointError, DataError
from mmpretrain.evaluation.functional.ood import (
    GaussianFit,
    energy_score,
    fit_gaussians,
    knn_distance,
    mahalanobis_score,
)
from mmpretrain.uncertainty.evidence import Evidence

DetectorKind = Literal["energy", "mahalanobis", "layers", "knn"]
KINDS: tuple[DetectorKind, ...] = get_args(DetectorKind)
#: Most features that are kept to find neighbours among.
MAX_BANK = 4096
NEIGHBORS = 10


@dataclass(frozen=True)
class Detector:
    """A score of unlikeness.

    - ``energy``: of the logits;
    - ``mahalanobis``: distance of the features to the nearest class;
    - ``layers``: the same, plus distances of the styles of layers to their mean, each divided by what it
      usually is (`Lee et al. <https://arxiv.org/abs/1807.03888>`_ add up layers, too);
    - ``knn``: distance of the features to their neighbours.

    Args:
        kind: Which one.
        fits: The Gaussians of the features, and for ``layers`` of the styles behind them.
        usual: The usual distance of each.
        bank: Known features (M, D), for ``knn``.
    """

    kind: DetectorKind
    fits: tuple[GaussianFit, ...] = ()
    usual: tuple[float, ...] = ()
    bank: Tensor | None = None

    @classmethod
    def fit(cls, kind: DetectorKind, evidence: Evidence, labels: Tensor) -> Detector:
        """Learn what is usual.

        Args:
            kind: Which score.
            evidence: Of images of calibration.
            labels: Their classes (N,).
        """
        if kind == "energy":
            return cls(kind)
        if kind == "knn":
            return cls(kind, bank=evidence.features[:: -(-len(labels) // MAX_BANK)].clone())
        if kind == "mahalanobis":
            return cls(kind, (fit_gaussians(evidence.features, labels),), (1.0,))
        if not evidence.styles:
            raise DataError("The backbone has no layers whose styles could be compared")
        one = torch.zeros_like(labels)
        pairs = [(evidence.features, labels), *((style, one) for style in evidence.styles)]
        fits = tuple(fit_gaussians(*pair) for pair in pairs)
        return cls(kind, fits, tuple(_usual_distance(*pair) for pair in pairs))

    def score(self, evidence: Evidence) -> Tensor:
        """Return how unusual images are, (N,); higher is more unusual.

        Args:
            evidence: Of the images.

        Raises:
            CheckpointError: If it is of other sizes than in calibration.
        """
        parts = [evidence.features, *evidence.styles]
        known = [fit.means for fit in self.fits] if self.bank is None else [self.bank]
        found = parts[: len(known)] if self.kind != "layers" else parts
        sizes = [[part.shape[1] for part in side] for side in (known, found)]
        if self.kind != "energy" and sizes[0] != sizes[1]:
            raise CheckpointError(
                f"The calibration knows features of {sizes[0]} numbers, and the model has {sizes[1]}",
                hint="Calibrate the checkpoint again: mmpretrain calibrate CKPT --data VAL.",
            )
        return _SCORES[self.kind](self, evidence)


def available_kinds(evidence: Evidence) -> tuple[DetectorKind, ...]:
    """Return the scores that a model allows."""
    return tuple(kind for kind in KINDS if kind != "layers" or evidence.styles)


def folds_of(count: int, folds: int) -> Tensor:
    """Return a fold for each of N images, at random but the same each time, (N,)."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    return order % max(1, min(folds, count))


def _usual_distance(features: Tensor, labels: Tensor) -> float:
    """The mean distance of half of the images to what is fitted to the others."""
    half = folds_of(len(labels), 2) == 0
    if half.all():
        return 1.0
    distances = mahalanobis_score(features[~half], fit_gaussians(features[half], labels[half]))
    return max(float(distances.mean()), 1e-12)


def _distances(detector: Detector, evidence: Evidence) -> Tensor:
    parts = [evidence.features, *evidence.styles]
    scores = [
        mahalanobis_score(part, fit) / usual
        for part, fit, usual in zip(parts, detector.fits, detector.usual, strict=False)
    ]
    return torch.stack(scores).sum(0)


_SCORES: dict[DetectorKind, Callable[[Detector, Evidence], Tensor]] = {
    "energy": lambda detector, evidence: energy_score(evidence.logits),
    "mahalanobis": _distances,
    "layers": _distances,
    "knn": lambda detector, evidence: knn_distance(evidence.features, detector.bank, NEIGHBORS),  # type: ignore[arg-type]
}
