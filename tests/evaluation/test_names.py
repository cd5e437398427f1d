"""What people call metrics."""

from __future__ import annotations

import pytest

from mmpretrain.evaluation.names import metric_named
from mmpretrain.registry import METRICS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AUROC", {"type": "AUROC"}),
        ("auroc", {"type": "AUROC"}),
        ("confusion_matrix", {"type": "ConfusionMatrix"}),
        ("confusion-matrix", {"type": "ConfusionMatrix"}),
        ("mcc", {"type": "AgreementMetric", "items": ["mcc"]}),
        ("balanced-accuracy", {"type": "AgreementMetric", "items": ["balanced_accuracy"]}),
        ("Sensitivity", {"type": "Sensitivity"}),
        ("AveragePrecision", {"type": "AveragePrecision"}),
        ("ap", {"type": "AUPRC"}),
        ("NoSuchMetric", {"type": "NoSuchMetric"}),
    ],
)
def test_names(name, expected):
    assert metric_named(name) == expected


def test_every_name_builds():
    from mmpretrain.evaluation import names

    for name in names._VALUES:
        assert METRICS.build(metric_named(name)).prefix
