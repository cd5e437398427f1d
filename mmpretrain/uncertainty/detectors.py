"""Scores of how unlike the images of calibration an image is, with the facts that they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import torch
from torch import Tensor

from mmpretrain.errors import CheckpointError
from mmpretrain.evaluation.functional.ood import (
    GaussianFit,
    energy_score,
    fit_gaussians,
    knn_distance,
    mahalanobis_score,
)

DetectorKind = Literal["energy", "mahalanobis", "knn"]
KINDS: tuple[DetectorKind, ...] = get_args(DetectorKind)
#: Most features that are kept to find neighbours among.
MAX_BANK = 4096
NEIGHBORS = 10


@dataclass(frozen=True)
class Detector:
    """A score of unlikeness.

    Args:
        kind: Which one.
        facts: What it knows about the images of calibration, tensors by name.
    """

    kind: DetectorKind
    facts: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def fit(cls, kind: DetectorKind, features: Tensor, labels: Tensor) -> Detector:
        """Learn what is usual.

        Args:
            kind: Which score.
            features: Features (N, D) of images of calibration.
            labels: Their classes (N,).
        """
        return cls(kind, _FITS[kind](features, labels))

    def score(self, logits: Tensor, features: Tensor) -> Tensor:
        """Return how unusual images are, (N,); higher is more unusual.

        Args:
            logits: (N, C).
            features: (N, D).

        Raises:
            CheckpointError: If the features are of another size than those of calibration.
        """
        known = next((fact for fact in self.facts.values() if fact.ndim == 2), None)
        if known is not None and (features.ndim != 2 or features.shape[1] != known.shape[1]):
            raise CheckpointError(
                f"The calibration knows features of {known.shape[1]} numbers, and the model has "
                f"{tuple(features.shape[1:])}",
                hint="Calibrate the checkpoint again: mmpretrain calibrate CKPT --data VAL.",
            )
        return _SCORES[self.kind](self.facts, logits.float(), features)


def _gaussians(features: Tensor, labels: Tensor) -> dict[str, Tensor]:
    fit = fit_gaussians(features, labels)
    return {**fit._asdict(), "rest": torch.tensor([fit.rest])}


def _bank(features: Tensor, labels: Tensor) -> dict[str, Tensor]:
    step = -(-len(features) // MAX_BANK)
    return {"bank": features[::step].clone()}


def _distance(facts: Mapping[str, Tensor], logits: Tensor, features: Tensor) -> Tensor:
    fit = GaussianFit(facts["means"], facts["axes"], facts["variances"], float(facts["rest"]))
    return mahalanobis_score(features, fit)


_FITS: dict[DetectorKind, Callable[[Tensor, Tensor], dict[str, Tensor]]] = {
    "energy": lambda features, labels: {},
    "mahalanobis": _gaussians,
    "knn": _bank,
}
_SCORES: dict[DetectorKind, Callable[[Mapping[str, Tensor], Tensor, Tensor], Tensor]] = {
    "energy": lambda facts, logits, features: energy_score(logits),
    "mahalanobis": _distance,
    "knn": lambda facts, logits, features: knn_distance(features, facts["bank"], NEIGHBORS),
}
