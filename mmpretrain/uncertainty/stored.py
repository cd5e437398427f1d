"""A calibration in a checkpoint: plain data under ``meta.calibration``, read as data of a stranger."""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Mapping
from typing import Any, TypeAlias, get_args

import torch
from torch import Tensor

from mmpretrain.errors import CheckpointError, ConfigError, MMPretrainError
from mmpretrain.evaluation.functional.conformal import Penalty
from mmpretrain.evaluation.functional.ood import GaussianFit
from mmpretrain.evaluation.functional.scaling import Scaling
from mmpretrain.evaluation.functional.spread import Spread
from mmpretrain.uncertainty.calibration import Calibration, SetKind
from mmpretrain.uncertainty.detectors import KINDS, Detector, DetectorKind
from mmpretrain.uncertainty.intervals import IntervalCalibration
from mmpretrain.utils.brief import brief

logger = logging.getLogger(__name__)

#: Of a model that chooses classes, or of one that predicts numbers.
AnyCalibration: TypeAlias = "Calibration | IntervalCalibration"

KEY, VERSION = "calibration", 1
#: So many numbers of each tensor make the fingerprint of weights.
_SAMPLED = 64
SET_KINDS: tuple[SetKind, ...] = get_args(SetKind)
#: Most Gaussians of a detector.
_MAX_FITS = 16


def fingerprint(weights: Mapping[str, Any]) -> str:
    """Return a hash of names, shapes, and some numbers of each tensor, which changes when weights do."""
    digest = hashlib.sha256()
    for name in sorted(key for key, value in weights.items() if isinstance(value, Tensor)):
        tensor = weights[name].detach().flatten()
        sampled = tensor[:: max(1, len(tensor) // _SAMPLED)].cpu()
        digest.update(f"{name} {tuple(weights[name].shape)} ".encode())
        digest.update(sampled.double().numpy().tobytes() if not sampled.is_complex() else b"complex")
    return digest.hexdigest()


def with_calibration(content: Mapping[str, Any], calibration: AnyCalibration) -> dict[str, Any]:
    """Return the content of a checkpoint with a calibration; weights and everything else are as they were."""
    meta = content.get("meta")
    known = dict(meta) if isinstance(meta, Mapping) else {}
    return {**content, "meta": {**known, KEY: to_data(calibration)}}


def find_calibration(
    meta: Mapping[str, Any], weights: Mapping[str, Any], source: str
) -> AnyCalibration | None:
    """Return the calibration in the metadata of a checkpoint, if there is one for these weights.

    One that is damaged, or belongs to other weights, is left out with a warning.

    Args:
        meta: The metadata.
        weights: The weights in the checkpoint.
        source: Its name, for the warning.
    """
    data = meta.get(KEY)
    if data is None:
        return None
    try:
        calibration = from_data(data)
    except MMPretrainError as error:
        logger.warning("%s: its calibration is left out: %s", source, error)
        return None
    if calibration.weights != fingerprint(weights):
        logger.warning(
            "%s: its calibration is left out, as it was made for other weights. Calibrate again: "
            "mmpretrain calibrate CKPT --data VAL",
            source,
        )
        return None
    return calibration


def to_data(calibration: AnyCalibration) -> dict[str, Any]:
    """Return a calibration as plain data and tensors."""
    own = (
        _of_values(calibration) if isinstance(calibration, IntervalCalibration) else _of_classes(calibration)
    )
    detector = calibration.detector
    return {
        "version": VERSION,
        **own,
        "ood": None
        if detector is None
        else {
            "kind": detector.kind,
            "threshold": calibration.threshold,
            "fits": [fit._asdict() for fit in detector.fits],
            "usual": list(detector.usual),
            "bank": detector.bank,
        },
        "weights": calibration.weights,
        "facts": dict(calibration.facts),
    }


def _of_classes(calibration: Calibration) -> dict[str, Any]:
    return {
        "classes": calibration.classes,
        "scaling": {"weight": calibration.scaling.weight, "bias": calibration.scaling.bias},
        "sets": {
            "kind": calibration.set_kind,
            "strength": calibration.penalty.strength,
            "free": calibration.penalty.free,
            "randomized": calibration.randomized,
            "coverage": calibration.coverage,
            "scores": calibration.scores,
        },
    }


def _of_values(calibration: IntervalCalibration) -> dict[str, Any]:
    return {
        "spread": calibration.spread._asdict(),
        "intervals": {"coverage": calibration.coverage, "scores": calibration.scores},
    }


def from_data(data: Any) -> AnyCalibration:
    """Read a calibration.

    Raises:
        CheckpointError: If it is none.
    """
    data = _table(data, "it")
    if data.get("version") != VERSION:
        raise CheckpointError(f"its version is {brief(data.get('version'))}, and {VERSION} can be read")
    found = _values_from(data) if "intervals" in data else _classes_from(data)
    try:
        found.quantile()
    except ConfigError as error:
        raise CheckpointError(error.message) from error
    return found


def _classes_from(data: Mapping[str, Any]) -> Calibration:
    classes = _number(data, "classes", int, low=1)
    sets, scaling = _table(data.get("sets"), "sets"), _table(data.get("scaling"), "scaling")
    kind: SetKind | None = next((one for one in SET_KINDS if one == sets.get("kind")), None)
    if kind is None:
        raise CheckpointError(f"its sets are of the kind {brief(sets.get('kind'))}")
    return Calibration(
        classes=classes,
        scaling=Scaling(*(_tensor(scaling, key, 1, (1, classes)) for key in ("weight", "bias"))),
        set_kind=kind,
        penalty=Penalty(_number(sets, "strength", float, low=0), _number(sets, "free", int, low=0)),
        randomized=sets.get("randomized") is True,
        coverage=_number(sets, "coverage", float, low=0),
        scores=_tensor(sets, "scores", 1).sort().values,
        **_of_both(data),
    )


def _values_from(data: Mapping[str, Any]) -> IntervalCalibration:
    intervals, spread = _table(data["intervals"], "intervals"), _table(data.get("spread"), "spread")
    weight = _tensor(spread, "weight", 2)
    values, size = weight.shape
    mean, std = (_tensor(spread, key, 1, (size,)) for key in ("mean", "std"))
    if float(std.min()) <= 0:
        raise CheckpointError("a deviation is not positive")
    return IntervalCalibration(
        spread=Spread(weight, _tensor(spread, "bias", 1, (values,)), mean, std),
        scores=_tensor(intervals, "scores", 2, (values,)).sort(dim=1).values,
        coverage=_number(intervals, "coverage", float, low=0),
        **_of_both(data),
    )


def _of_both(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what calibrations of classes and of values share, as keyword arguments."""
    detector, threshold = _detector(data.get("ood"))
    weights = data.get("weights")
    return {
        "detector": detector,
        "threshold": threshold,
        "weights": weights if isinstance(weights, str) else "",
        "facts": _table(data.get("facts", {}), "facts"),
    }


def _detector(data: Any) -> tuple[Detector | None, float]:
    if data is None:
        return None, math.inf
    data = _table(data, "ood")
    kind: DetectorKind | None = next((one for one in KINDS if one == data.get("kind")), None)
    if kind is None:
        raise CheckpointError(f"its score of unlikeness is of the kind {brief(data.get('kind'))}")
    fits, usual = data.get("fits"), data.get("usual")
    if not isinstance(fits, list) or not isinstance(usual, list) or len(fits) > _MAX_FITS:
        raise CheckpointError("its Gaussians are no lists")
    wanted = {"energy": (0, 0), "knn": (0, 0), "mahalanobis": (1, 1), "layers": (2, _MAX_FITS)}[kind]
    if len(fits) != len(usual) or not wanted[0] <= len(fits) <= wanted[1]:
        raise CheckpointError(f"a detector of the kind {kind} has no {len(fits)} Gaussians")
    detector = Detector(
        kind,
        tuple(_gaussians(_table(fit, "a Gaussian")) for fit in fits),
        tuple(_number({"usual": number}, "usual", float, low=1e-12) for number in usual),
        _tensor(data, "bank", 2) if kind == "knn" else None,
    )
    return detector, _number(data, "threshold", float, infinite=True)


def _gaussians(data: Mapping[str, Any]) -> GaussianFit:
    means, axes = _tensor(data, "means", 2), _tensor(data, "axes", 2)
    variances = _tensor(data, "variances", 1)
    size, rank = means.shape[1], len(variances)
    if axes.shape != (rank, size) or rank > size:
        raise CheckpointError("the sizes of a Gaussian do not fit each other")
    rest = _number(data, "rest", float, low=0)
    if min(float(variances.min()), rest) <= 0:
        raise CheckpointError("a variance is not positive")
    return GaussianFit(means, axes, variances, rest)


def _table(data: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
        raise CheckpointError(f"{name} is no table of values by name")
    return data


def _number(
    data: Mapping[str, Any], key: str, kind: type, low: float = -math.inf, infinite: bool = False
) -> Any:
    value = data.get(key)
    right = (int, float) if kind is float else int
    if isinstance(value, bool) or not isinstance(value, right) or not value >= low:
        raise CheckpointError(f"{key} is {brief(value)}")
    if abs(value) > 2**53 and not (infinite and value == math.inf):
        raise CheckpointError(f"{key} is too large")
    return kind(value)


def _tensor(data: Mapping[str, Any], key: str, ndim: int, lengths: tuple[int, ...] = ()) -> Tensor:
    value = data.get(key)
    if not isinstance(value, Tensor) or value.layout is not torch.strided or value.is_meta:
        raise CheckpointError(f"{key} is no tensor of numbers")
    if not value.is_floating_point() or value.ndim != ndim:
        raise CheckpointError(f"{key} is no tensor of numbers with {ndim} axes")
    value = value.detach().float().cpu()
    if not value.numel() or (lengths and len(value) not in lengths) or not torch.isfinite(value).all():
        raise CheckpointError(f"{key} has shape {tuple(value.shape)}, or numbers that are not finite")
    return value
