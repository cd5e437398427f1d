"""Tests of :mod:`mmpretrain.evaluation.metrics.multi_task`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation import (
    Evaluator,
    MultiTasksMetric,
)
from mmpretrain.structures import DataSample, MultiTaskDataSample


def task_sample(has_colour: bool) -> MultiTaskDataSample:
    sample = MultiTaskDataSample()
    for task, present in (("colour", has_colour), ("shape", True)):
        fields = DataSample(metainfo={"eval_mask": present}).set_pred_score([0.2, 0.8])
        sample.set_field(fields.set_gt_label(1) if present else fields, task)
    return sample


def test_tasks():
    """A sample without labels for a task does not count for it; metrics nest."""
    metric = MultiTasksMetric(
        {"colour": [{"type": "Accuracy"}, {"type": "SingleLabelMetric"}], "shape": [{"type": "Accuracy"}]}
    )
    evaluator = Evaluator([metric])
    evaluator.process([task_sample(False), task_sample(False)])
    assert evaluator.evaluate(2) == {
        "colour_Accuracy": 0,
        "colour_SingleLabelMetric": 0,
        "shape_accuracy/top1": 100.0,
    }
    evaluator.process([task_sample(True), task_sample(False)])
    assert evaluator.evaluate(2)["colour_accuracy/top1"] == 100.0
    twice = MultiTasksMetric({"shape": [{"type": "Accuracy"}] * 2})
    twice.process(None, [task_sample(True).to_dict()])
    with pytest.raises(ConfigError, match=r"task 'shape'.*'accuracy/top1'"):
        twice.evaluate(1)
