"""Metrics of scores: names, one label or several, and one value by hand each."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation import Evaluator
from mmpretrain.evaluation.functional import (
    auroc,
    brier_score,
    classwise_calibration_error,
    expected_calibration_error,
    negative_log_likelihood,
    precision_recall_area,
    select_thresholds,
)
from mmpretrain.structures import DataSample


def samples(scores, targets, several: bool = False) -> list[DataSample]:
    made = []
    for score, target in zip(scores, targets):
        sample = DataSample().set_pred_score(score)
        made.append(sample.set_gt_score(target) if several else sample.set_gt_label(target))
    return made


@pytest.fixture(scope="module")
def data() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(3, (40,), generator=generator)
    return (torch.randn(40, 3, generator=generator) + torch.eye(3)[labels]).softmax(1), labels


def test_one_label(data):
    scores, labels = data
    metrics = [
        {"type": "AUROC", "average": ["macro", "micro", None]},
        {"type": "AUPRC"},
        {"type": "CalibrationMetric", "num_bins": 10},
        {"type": "ThresholdSelection"},
    ]
    values = Evaluator(metrics).offline_evaluate(samples(scores, labels.tolist()), chunk_size=7)
    assert values == {
        "auroc/macro": auroc(scores, labels).item(),
        "auroc/micro": auroc(scores, labels, "micro").item(),
        "auroc/classwise": auroc(scores, labels, None).tolist(),
        "auprc/macro": precision_recall_area(scores, labels).item(),
        "calibration/ece": expected_calibration_error(scores, labels, 10).item(),
        "calibration/classwise_ece": classwise_calibration_error(scores, labels, 10).mean().item(),
        "calibration/brier": brier_score(scores, labels).item(),
        "calibration/nll": negative_log_likelihood(scores, labels).item(),
        "thresholds/classwise": select_thresholds(scores, labels).tolist(),
    }


def test_several_labels(data):
    scores, _ = data
    targets = (scores > 0.3).float()
    expected = {"auroc/macro": auroc(scores, targets).item()}
    evaluator = Evaluator({"type": "AUROC"})
    assert evaluator.offline_evaluate(samples(scores, targets, several=True)) == expected
    labels = [target.nonzero().flatten() for target in targets]
    assert evaluator.offline_evaluate(samples(scores, labels)) == expected


def test_bad_options():
    with pytest.raises(ConfigError, match="average"):
        Evaluator({"type": "AUROC", "average": "weighted"})
    with pytest.raises(ConfigError, match="items must be among ece"):
        Evaluator({"type": "CalibrationMetric", "items": ["mce"]})
    with pytest.raises(ConfigError, match="at_least"):
        Evaluator({"type": "ThresholdSelection", "criterion": "recall"})
