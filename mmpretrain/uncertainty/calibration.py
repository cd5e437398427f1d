"""What was learned about a model on images that it was not trained on, and what follows for others."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from mmpretrain.errors import CheckpointError, ConfigError
from mmpretrain.evaluation.functional.conformal import (
    Penalty,
    conformal_quantile,
    conformal_scores,
    prediction_sets,
)
from mmpretrain.evaluation.functional.scaling import Scaling
from mmpretrain.uncertainty.detectors import Detector
from mmpretrain.uncertainty.evidence import Evidence

SetKind = Literal["aps", "raps"]
#: So many of the largest logits of an image, in steps of this size, are the seed of its random number.
_SEED_LOGITS, _SEED_STEP = 8, 0.05


class Judgement(NamedTuple):
    """What a calibrated model says about images."""

    probs: Tensor  #: (N, C).
    sets: Tensor  #: (N, C) bool, the classes that the right one is among with the coverage asked for.
    ood_score: Tensor | None  #: (N,), how unlike the images of calibration; None without a detector.
    abstain: Tensor  #: (N,) bool, whether the model does not know.


@dataclass(frozen=True)
class Calibration:
    """How to turn what a model reveals about images into a judgement.

    Args:
        classes: Number of classes C.
        scaling: From logits to probabilities.
        set_kind: How sets of classes are made.
        penalty: Of RAPS.
        randomized: Whether noise makes the coverage exact; sets are never empty without.
        coverage: The share of images whose set contains the right class, where none is asked for.
        scores: Conformal scores (n,) of the right classes of images, in rising order.
        detector: How unlikeness is scored, if at all.
        threshold: The score beyond which an image is none that the model knows.
        weights: The fingerprint of the weights that this belongs to.
        facts: What else is known: number of images, when, and with which results.
    """

    classes: int
    scaling: Scaling
    set_kind: SetKind
    penalty: Penalty
    randomized: bool
    coverage: float
    scores: Tensor
    detector: Detector | None = None
    threshold: float = float("inf")
    weights: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def conformal(self, logits: Tensor, probs: Tensor) -> Tensor:
        """Return the conformal score of each class, (N, C)."""
        noise = noise_of(logits) if self.randomized else None
        return conformal_scores(probs, noise, self.penalty)

    def quantile(self, coverage: float | None = None) -> float:
        """Return the conformal score up to which classes belong into a set.

        Args:
            coverage: By default :attr:`coverage`.

        Raises:
            ConfigError: If it is not between 0 and 1, or more than so few images can promise.
        """
        return coverage_in_reach(self.scores, self.coverage if coverage is None else coverage)

    def judge(self, evidence: Evidence, coverage: float | None = None) -> Judgement:
        """Judge images.

        A model abstains from images that are unlike those of calibration, and from those of which it cannot
        name one class at the coverage asked for.

        Args:
            evidence: What the model reveals about them.
            coverage: Between 0 and 1; by default :attr:`coverage`.

        Raises:
            CheckpointError: If the calibration is one of a model of other sizes.
        """
        logits = evidence.logits
        if logits.shape[1] != self.classes:
            raise CheckpointError(
                f"The calibration is one of {self.classes} classes, and the model has outputs of shape "
                f"{tuple(logits.shape[1:])}",
                hint="Calibrate the checkpoint again: mmpretrain calibrate CKPT --data VAL.",
            )
        probs = self.scaling(logits)
        sets = prediction_sets(self.conformal(logits, probs), self.quantile(coverage))
        abstain = sets.sum(1) != 1
        if self.detector is None:
            return Judgement(probs, sets, None, abstain)
        unlike = self.detector.score(evidence)
        return Judgement(probs, sets, unlike, abstain | ~(unlike <= self.threshold))


def coverage_in_reach(scores: Tensor, wanted: float) -> float:
    """Return the conformal quantile of scores.

    Raises:
        ConfigError: If the coverage is not between 0 and 1, or more than so few images can promise.
    """
    found = conformal_quantile(scores, wanted)
    if math.isinf(found):
        most = len(scores) / (len(scores) + 1)
        raise ConfigError(
            f"a coverage of {wanted:g} needs more images of calibration than {len(scores)}",
            hint=f"Ask for {most:.4g} at most, or calibrate with more.",
            key="coverage",
        )
    return found


def noise_of(logits: Tensor) -> Tensor:
    """Return a number between 0 and 1 for each image, (N,), drawn by the image: it gets the same each time.

    The seed is made of rounded logits, so that it does not depend on the batch that an image is in.

    Args:
        logits: (N, C).
    """
    values, classes = logits.detach().cpu().float().topk(min(_SEED_LOGITS, logits.shape[1]), dim=1)
    steps = (values.nan_to_num() / _SEED_STEP).round().clamp(-1e9, 1e9).to(torch.int64)
    rows = torch.cat([steps, classes], dim=1).numpy().astype("<i8")
    return torch.tensor([_uniform(row) for row in rows], dtype=torch.float64)


def _uniform(row: np.ndarray) -> float:
    """Hash numbers into (0, 1)."""
    digest = hashlib.blake2b(row.tobytes(), digest_size=6).digest()
    return (int.from_bytes(digest, "little") + 0.5) / 2**48
