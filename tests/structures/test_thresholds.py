"""Thresholds of classes: one for all, or one for each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation import Evaluator, Record
from mmpretrain.evaluation.functional import select_thresholds
from mmpretrain.models import MultiLabelClsHead
from mmpretrain.structures.thresholds import check_thresholds, reaches


def test_one_or_one_for_each_class():
    scores = torch.tensor([[0.2, 0.9, 0.5], [0.6, 0.1, 1.0]])
    assert reaches(scores, check_thresholds(0.5)).tolist() == [[False, True, True], [True, False, True]]
    several = check_thresholds([0.2, None, float("nan")])
    assert several == (0.2, math.inf, math.inf)
    assert reaches(scores, several).tolist() == [[True, False, False], [True, False, False]]
    with pytest.raises(ConfigError, match="thr has 3 thresholds, and there are 2 classes"):
        reaches(scores[:, :2], several)


@pytest.mark.parametrize("thr", ["0.5", [], [0.5, "a"], True, [True], None])
def test_what_is_no_threshold(thr):
    with pytest.raises(ConfigError, match="thr takes a number, or one for each class"):
        check_thresholds(thr)


def test_chosen_on_one_set_and_applied_to_another(tmp_path):
    """The head, the metric and the record predict the same, and as well as any thresholds could there."""
    r = torch.Generator().manual_seed(0)
    logits = torch.randn(60, 3, generator=r)
    targets = (logits + torch.randn(60, 3, generator=r) > 1).long()
    targets[:, 2] = 0  # a class without a sample is never predicted
    thr = select_thresholds(logits.sigmoid(), targets).tolist()
    head = MultiLabelClsHead(thr=thr)
    samples = head.predict((logits,))
    for sample, target in zip(samples, targets):
        sample.set_gt_score(target)
    assert all(2 not in sample.pred_label for sample in samples)
    evaluator = Evaluator({"type": "MultiLabelMetric", "thr": thr, "average": None})
    found = evaluator.offline_evaluate(samples)["multi-label/f1-score_thr-per-class_classwise"]
    best = [
        max(_f1(logits[:, k].sigmoid() >= value, targets[:, k]) for value in logits[:, k].sigmoid())
        for k in (0, 1)
    ]
    assert found == pytest.approx([*best, 0], abs=1e-3)

    facts = {"thresholds": head.thr}
    record = Record(logits.sigmoid().numpy(), targets.numpy().astype(np.int8), facts=facts)
    record.save(tmp_path)
    again = Record.load(tmp_path)
    assert again.thresholds.tolist() == record.thresholds.tolist()
    predicted = again.scores >= again.thresholds
    assert [np.flatnonzero(row).tolist() for row in predicted] == [s.pred_label.tolist() for s in samples]


def _f1(predicted: torch.Tensor, target: torch.Tensor) -> float:
    both = (predicted & (target == 1)).sum()
    return float(200 * both / (predicted.sum() + target.sum()))
