"""Learning a calibration from what a model puts out for images that it was not trained on."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional.calibration import (
    expected_calibration_error,
    negative_log_likelihood,
)
from mmpretrain.evaluation.functional.conformal import (
    Penalty,
    check_coverage,
    conformal_quantile,
    conformal_scores,
    prediction_sets,
    tuned_penalty,
)
from mmpretrain.evaluation.functional.scaling import (
    Scaling,
    no_scaling,
    temperature_scaling,
    vector_scaling,
)
from mmpretrain.uncertainty.calibration import Calibration, SetKind, noise_of
from mmpretrain.uncertainty.detectors import DetectorKind, available_kinds, folds_of
from mmpretrain.uncertainty.evidence import Evidence
from mmpretrain.uncertainty.outputs import Outputs
from mmpretrain.uncertainty.unlikeness import FOLDS, choose_detector

ScalingKind = Literal["temperature", "vector", "none"]
OodKind = Literal["auto", "energy", "mahalanobis", "layers", "knn", "none"]
#: The share of the images that scaling and penalty are fitted on; the sets need others.
TUNING_SHARE = 0.3
#: One temperature, or a penalty, needs no more images than this; the sets get the others.
MOST_TUNING = 1000


@dataclass(frozen=True)
class Settings:
    """What to learn.

    Args:
        scaling: How logits become probabilities.
        sets: How sets of classes are made.
        randomized: Use noise, with which the coverage is exact.
        coverage: The share of images whose set contains the right class.
        ood: The score of unlikeness. ``'auto'`` takes the one that best tells images from the same images
            with their quarters exchanged and from their negatives.
        ood_share: The share of usual images that may be taken for unlike ones.
        seed: Of the part that scaling is fitted on.
    """

    scaling: ScalingKind = "temperature"
    sets: SetKind = "aps"
    randomized: bool = True
    coverage: float = 0.9
    ood: OodKind = "auto"
    ood_share: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        check_coverage(self.coverage)
        for key, kinds in (("scaling", ScalingKind), ("sets", SetKind), ("ood", OodKind)):
            if getattr(self, key) not in get_args(kinds):
                raise ConfigError(
                    f"{key} must be one of {', '.join(get_args(kinds))}, got {getattr(self, key)!r}", key=key
                )
        if not 0 < self.ood_share < 1:
            raise ConfigError(
                f"ood_share must be a number between 0 and 1, got {self.ood_share!r}", key="ood_share"
            )


@dataclass(frozen=True)
class Summary:
    """What calibration changed, on images that the scaling was not fitted on.

    Args:
        images: Number of images.
        accuracy: Share of right predictions.
        nll: Negative log-likelihood before and after scaling.
        ece: Expected calibration error before and after scaling.
        mean_size: Mean number of classes in a set.
        single, empty: Shares of sets with one class and with none.
        auroc: Kind of score -> how well it tells spoilt images, from 0 to 1; of those that were tried.
        scaled: False if scaling was left out, as it made held-out probabilities worse.
    """

    images: int
    accuracy: float
    nll: tuple[float, float]
    ece: tuple[float, float]
    mean_size: float
    single: float
    empty: float
    auroc: dict[str, float]
    scaled: bool = True


def calibrate(
    outputs: Outputs, settings: Settings | None = None, weights: str = ""
) -> tuple[Calibration, Summary]:
    """Learn a calibration.

    Args:
        outputs: What the model puts out for images that it was not trained on.
        settings: What to learn.
        weights: The fingerprint of its weights.

    Raises:
        DataError: If there are too few images for the coverage.
    """
    settings = settings or Settings()
    logits, labels = outputs.logits, outputs.labels
    tuning, rest = parts_of(len(labels), settings)
    check_enough(len(rest), settings.coverage)
    scaling = _scaling(settings.scaling, logits[tuning], labels[tuning])
    kept = settings.scaling == "none" or scaling_helps(settings.scaling, logits[tuning], labels[tuning])
    if not kept:
        scaling = no_scaling()
    probs = scaling(logits)
    noise = noise_of(logits) if settings.randomized else None
    penalty = Penalty()
    if settings.sets == "raps":
        part = None if noise is None else noise[tuning]
        penalty = tuned_penalty(probs[tuning], labels[tuning], settings.coverage, part)
    scores = conformal_scores(probs[rest], None if noise is None else noise[rest], penalty)
    own = scores.gather(1, labels[rest, None]).flatten().sort().values
    unlike = choose_detector(
        detector_kinds(settings.ood, outputs.evidence),
        outputs.evidence,
        labels[outputs.rows],
        outputs.spoilt,
        settings.ood_share,
    )
    sizes = prediction_sets(scores, conformal_quantile(own, settings.coverage)).sum(1).double()
    plain = logits[rest].softmax(1)
    summary = Summary(
        images=len(labels),
        accuracy=float((logits.argmax(1) == labels).double().mean()),
        nll=_both(negative_log_likelihood, plain, probs[rest], labels[rest]),
        ece=_both(expected_calibration_error, plain, probs[rest], labels[rest]),
        mean_size=float(sizes.mean()),
        single=float((sizes == 1).double().mean()),
        empty=float((sizes == 0).double().mean()),
        auroc=unlike.auroc,
        scaled=kept,
    )
    facts = {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "settings": asdict(settings), **asdict(summary)}
    return Calibration(
        classes=logits.shape[1],
        scaling=scaling,
        set_kind=settings.sets,
        penalty=penalty,
        randomized=settings.randomized,
        coverage=settings.coverage,
        scores=own.float(),
        detector=unlike.detector,
        threshold=unlike.threshold,
        weights=weights,
        facts=facts,
    ), summary


def _both(measure: Any, before: Tensor, after: Tensor, labels: Tensor) -> tuple[float, float]:
    return float(measure(before, labels)), float(measure(after, labels))


def parts_of(count: int, settings: Settings) -> tuple[Tensor, Tensor]:
    """Divide images into those to fit scaling and penalty on, and those that make the sets."""
    if settings.scaling == "none" and settings.sets == "aps":
        return torch.arange(0), torch.arange(count)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(settings.seed))
    split = math.ceil(count * TUNING_SHARE)
    if settings.scaling != "vector":
        split = min(split, MOST_TUNING)
    return order[:split].sort().values, order[split:].sort().values


def check_enough(count: int, coverage: float) -> None:
    """Raise if so few images cannot promise a coverage."""
    needed = math.ceil(coverage / (1 - coverage) - 1e-9)
    if count < needed:
        raise DataError(
            f"a coverage of {coverage:g} needs {needed} images beside those that the scaling is fitted on, "
            f"and there are {count}",
            hint="Take more images, or ask for a smaller --coverage.",
        )


def _scaling(kind: ScalingKind, logits: Tensor, labels: Tensor) -> Scaling:
    fits = {"temperature": temperature_scaling, "vector": vector_scaling}
    return no_scaling() if kind == "none" else fits[kind](logits, labels)


def scaling_helps(kind: ScalingKind, logits: Tensor, labels: Tensor) -> bool:
    """Whether scaling makes images likelier that it was not fitted on, by cross-validation in five folds.

    Args:
        kind: How to scale.
        logits: (N, C).
        labels: (N,).
    """
    folds = folds_of(len(labels), FOLDS)
    before = after = 0.0
    for fold in folds.unique():
        held = folds == fold
        if held.all():
            return False
        scaling = _scaling(kind, logits[~held], labels[~held])
        count = int(held.sum())
        before += count * float(negative_log_likelihood(logits[held].softmax(1), labels[held]))
        after += count * float(negative_log_likelihood(scaling(logits[held]), labels[held]))
    return after < before


def detector_kinds(asked: OodKind, evidence: Evidence) -> tuple[DetectorKind, ...]:
    """Return the scores of unlikeness to choose from."""
    if asked == "none":
        return ()
    return available_kinds(evidence) if asked == "auto" else (asked,)
