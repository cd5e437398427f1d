"""Intervals around predicted numbers that contain the right one for a given share of images.

Split conformal prediction with normalised distances, `Distribution-Free Predictive Inference for Regression
<https://arxiv.org/abs/1604.04173>`_, section 5.2.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mmpretrain.errors import CheckpointError, ConfigError
from mmpretrain.evaluation.functional.conformal import conformal_quantile
from mmpretrain.evaluation.functional.spread import Spread, fit_spread
from mmpretrain.uncertainty.calibration import coverage_in_reach
from mmpretrain.uncertainty.detectors import Detector, DetectorKind, folds_of
from mmpretrain.uncertainty.evidence import Evidence
from mmpretrain.uncertainty.fitting import FOLDS, Settings, check_enough, detector_kinds, parts_of
from mmpretrain.uncertainty.outputs import Outputs
from mmpretrain.uncertainty.unlikeness import choose_detector


class Intervals(NamedTuple):
    """What a calibrated model says about the numbers of images."""

    ends: Tensor  #: (N, D, 2), the lower and the upper end for each value.
    ood_score: Tensor | None  #: (N,), how unlike the images of calibration; None without a detector.
    abstain: Tensor  #: (N,) bool, whether the model does not know.


@dataclass(frozen=True)
class IntervalCalibration:
    """How to turn predicted numbers into intervals.

    Args:
        spread: How far right values stray from predicted ones, by the features of the image.
        scores: Distances over the spread (D, n) for images of calibration, in rising order.
        coverage: The share of images whose interval contains the right value, where none is asked for; each
            value has intervals of its own.
        detector: How unlikeness is scored, if at all.
        threshold: The score beyond which an image is none that the model knows.
        weights: The fingerprint of the weights that this belongs to.
        facts: What else is known: number of images, when, and with which results.
    """

    spread: Spread
    scores: Tensor
    coverage: float
    detector: Detector | None = None
    threshold: float = float("inf")
    weights: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def quantile(self, coverage: float | None = None) -> Tensor:
        """Return how many spreads an interval reaches to each side, (D,).

        Args:
            coverage: By default :attr:`coverage`.

        Raises:
            ConfigError: If it is not between 0 and 1, or more than so few images can promise.
        """
        wanted = self.coverage if coverage is None else coverage
        return torch.tensor([coverage_in_reach(row, wanted) for row in self.scores], dtype=torch.float64)

    def judge(self, evidence: Evidence, coverage: float | None = None) -> Intervals:
        """Return the intervals of images; a model abstains from those unlike the images of calibration.

        Args:
            evidence: What the model reveals about them; its logits are the predicted values (N, D).
            coverage: Between 0 and 1; by default :attr:`coverage`.

        Raises:
            CheckpointError: If the calibration is one of a model of other sizes.
        """
        inputs = spread_inputs(evidence)
        known = self.spread.weight.shape
        if (evidence.logits.shape[1], inputs.shape[1]) != tuple(known):
            raise CheckpointError(
                f"The calibration is one of {known[0]} values, and the model has outputs of shape "
                f"{tuple(evidence.logits.shape[1:])}",
                hint="Calibrate the checkpoint again: mmpretrain calibrate CKPT --data VAL.",
            )
        reach = self.spread(inputs) * self.quantile(coverage).float()
        ends = torch.stack([evidence.logits - reach, evidence.logits + reach], dim=2)
        if self.detector is None:
            return Intervals(ends, None, torch.zeros(len(ends), dtype=torch.bool))
        unlike = self.detector.score(evidence)
        return Intervals(ends, unlike, ~(unlike <= self.threshold))


@dataclass(frozen=True)
class IntervalSummary:
    """What calibration found.

    Args:
        images: Number of images.
        error: Mean absolute error of each value.
        width: Mean width of the intervals of each value.
        same: Width of intervals that are equally wide for all images.
        constant: Whether they are: features did not tell which images have larger errors.
        auroc: Kind of score -> how well it tells spoilt images, from 0 to 1.
    """

    images: int
    error: tuple[float, ...]
    width: tuple[float, ...]
    same: tuple[float, ...]
    constant: bool
    auroc: dict[str, float]


def spread_inputs(evidence: Evidence) -> Tensor:
    """Return what the spread is a function of: features, and the predicted values themselves, (N, F + D)."""
    return torch.cat([evidence.features, evidence.logits], dim=1)


def calibrate_values(
    outputs: Outputs, settings: Settings | None = None, weights: str = ""
) -> tuple[IntervalCalibration, IntervalSummary]:
    """Learn intervals for a model that predicts numbers.

    Args:
        outputs: What the model puts out for images that it was not trained on; logits and labels are the
            predicted and the right values (N, D).
        settings: Coverage, and the score of unlikeness; the others are about classes.
        weights: The fingerprint of its weights.

    Raises:
        ConfigError: If the score of unlikeness is one of classes.
        DataError: If there are too few images for the coverage.
    """
    settings = settings or Settings()
    kinds = _kinds(settings, outputs.evidence)
    evidence = outputs.evidence
    distances = (outputs.labels[outputs.rows] - evidence.logits).abs()
    inputs = spread_inputs(evidence)
    tuning, rest = parts_of(len(distances), settings)
    check_enough(len(rest), settings.coverage)
    spread = fit_spread(inputs[tuning], distances[tuning], folds_of(len(tuning), FOLDS))
    spreads = spread(inputs[rest])
    scores = (distances[rest] / spreads).T.sort(dim=1).values
    one = torch.zeros(len(distances), dtype=torch.long)
    unlike = choose_detector(kinds, evidence, one, outputs.spoilt, settings.ood_share)
    reach = torch.tensor([conformal_quantile(row, settings.coverage) for row in scores])
    same = [2 * conformal_quantile(column, settings.coverage) for column in distances[rest].T]
    summary = IntervalSummary(
        images=len(outputs.labels),
        error=tuple(distances.double().mean(0).tolist()),
        width=tuple((2 * reach * spreads.double().mean(0)).tolist()),
        same=tuple(same),
        constant=spread.constant,
        auroc=unlike.auroc,
    )
    facts = {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "settings": asdict(settings), **asdict(summary)}
    found = IntervalCalibration(
        spread, scores.float(), settings.coverage, unlike.detector, unlike.threshold, weights, facts
    )
    return found, summary


def _kinds(settings: Settings, evidence: Evidence) -> tuple[DetectorKind, ...]:
    if settings.ood == "energy":
        raise ConfigError(
            "energy is a score of classes, and the model predicts numbers",
            hint="Use mahalanobis, layers, knn or none.",
            key="ood",
        )
    return tuple(kind for kind in detector_kinds(settings.ood, evidence) if kind != "energy")
