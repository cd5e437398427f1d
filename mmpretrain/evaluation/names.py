"""What people call metrics and single values of them."""

from __future__ import annotations

from typing import Any

from mmpretrain.registry import METRICS

#: Values that have no class of their own: name, in lower case and without hyphens, to a config.
_VALUES: dict[str, dict[str, Any]] = {
    "balancedaccuracy": {"type": "AgreementMetric", "items": ["balanced_accuracy"]},
    "mcc": {"type": "AgreementMetric", "items": ["mcc"]},
    "kappa": {"type": "AgreementMetric", "items": ["kappa"]},
    "ece": {"type": "CalibrationMetric", "items": ["ece"]},
    "brier": {"type": "CalibrationMetric", "items": ["brier"]},
    "nll": {"type": "CalibrationMetric", "items": ["nll"]},
    "mae": {"type": "RegressionMetric", "items": ["mae"]},
    "rmse": {"type": "RegressionMetric", "items": ["rmse"]},
    "r2": {"type": "RegressionMetric", "items": ["r2"]},
    "f1": {"type": "SingleLabelMetric", "items": ["f1-score"]},
    "ap": {"type": "AUPRC"},
}


def metric_named(name: str) -> dict[str, Any]:
    """Return the config of a metric, by its class or by what people call it.

    Args:
        name: ``AUROC``, ``auroc``, ``confusion_matrix``, ``confusion-matrix``, ``mcc``, ``ece``. One that is
            not known becomes the type, so that building it says which are.
    """
    folded = name.replace("_", "").replace("-", "").lower()
    classes = {one.lower(): one for one in METRICS.names()}
    return dict(_VALUES.get(folded) or {"type": classes.get(folded, name)})
