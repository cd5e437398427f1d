"""Choosing and fitting a score of unlikeness."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mmpretrain.errors import DataError
from mmpretrain.evaluation.functional.conformal import conformal_quantile
from mmpretrain.evaluation.functional.curves import auroc
from mmpretrain.uncertainty.detectors import Detector, DetectorKind, folds_of
from mmpretrain.uncertainty.evidence import Evidence

#: A score of unlikeness is fitted and judged on different parts, so many of them.
FOLDS = 5


class Unlikeness(NamedTuple):
    """A score of unlikeness, and from where on an image is none that the model knows."""

    detector: Detector | None
    threshold: float
    auroc: dict[str, float]  #: Kind of score -> how well it tells spoilt images, from 0 to 1.


def choose_detector(
    kinds: Sequence[DetectorKind], evidence: Evidence, labels: Tensor, spoilt: Evidence | None, share: float
) -> Unlikeness:
    """Fit scores of unlikeness, and take the one that tells spoilt images best.

    Args:
        kinds: The scores to choose from; none gives no detector.
        evidence: Of images of calibration.
        labels: Their classes (N,).
        spoilt: Of images that were spoilt on purpose.
        share: The share of usual images that may be taken for unlike ones.
    """
    if not kinds:
        return Unlikeness(None, math.inf, {})
    usual = {kind: _held_out_scores(kind, evidence, labels) for kind in kinds}
    detectors = {kind: Detector.fit(kind, evidence, labels) for kind in kinds}
    found: dict[str, float] = {}
    if spoilt is not None:
        found = {kind: _told(usual[kind], detectors[kind].score(spoilt)) for kind in kinds}
    kind = max(kinds, key=lambda one: found.get(one, 0.0))
    return Unlikeness(detectors[kind], conformal_quantile(usual[kind], 1 - share), found)


def _held_out_scores(kind: DetectorKind, evidence: Evidence, labels: Tensor) -> Tensor:
    """Scores of images, each by a fit to the others."""
    if kind == "energy":
        return Detector(kind).score(evidence)
    folds = folds_of(len(labels), FOLDS)
    scores = torch.empty(len(labels))
    for fold in folds.unique():
        held = folds == fold
        if held.all():
            raise DataError("One image is too few to calibrate with")
        scores[held] = Detector.fit(kind, evidence.take(~held), labels[~held]).score(evidence.take(held))
    return scores


def _told(usual: Tensor, unlike: Tensor) -> float:
    """How well scores tell spoilt images from usual ones."""
    scores = torch.cat([usual, unlike]).nan_to_num(posinf=torch.finfo(torch.float32).max)
    return float(auroc(scores, torch.cat([torch.zeros(len(usual)), torch.ones(len(unlike))]))) / 100
