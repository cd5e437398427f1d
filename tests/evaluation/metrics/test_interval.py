"""Confidence intervals of any metric."""

from __future__ import annotations

import torch

from mmpretrain.evaluation import Evaluator
from mmpretrain.evaluation.functional import accuracy, bootstrap
from mmpretrain.structures import DataSample


def test_interval_of_accuracy():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(2, (30,), generator=generator)
    scores = torch.rand(30, 2, generator=generator) + torch.eye(2)[labels] * 0.5
    made = [DataSample().set_gt_label(k).set_pred_score(s) for k, s in zip(labels.tolist(), scores)]
    metric = {"type": "ConfidenceInterval", "metric": {"type": "Accuracy"}, "resamples": 50, "level": 0.8}
    values = Evaluator(metric).offline_evaluate(made)
    expected = bootstrap(accuracy, scores, labels, resamples=50, level=0.8)
    assert list(values) == ["accuracy/top1", "accuracy/top1_low", "accuracy/top1_high"]
    torch.testing.assert_close(list(values.values()), list(expected), rtol=1e-6, atol=1e-5)


def test_other_values_are_left_alone():
    sample = DataSample().set_gt_label(0).set_pred_score([0.6, 0.4])
    metric = {
        "type": "ConfidenceInterval",
        "metric": {"type": "Sensitivity", "average": None},
        "resamples": 3,
    }
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = {"classes": ["a", "b"]}
    assert list(evaluator.offline_evaluate([sample])) == ["sensitivity/classwise"]
