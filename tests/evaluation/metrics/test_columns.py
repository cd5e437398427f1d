"""Tests of :mod:`mmpretrain.evaluation.metrics.columns`."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mmpretrain.errors import DataError
from mmpretrain.evaluation import Accuracy
from mmpretrain.evaluation.metrics.columns import Columns
from mmpretrain.registry import METRICS
from tests.evaluation.metric_cases import CASES, samples


def numbers(*values: int) -> Columns:
    return Columns(label=torch.tensor(values))


def test_rows():
    columns = Columns.join([numbers(3, 4), numbers(5)])
    assert len(columns) == 3
    assert columns.take(torch.tensor([2, 0]))["label"].tolist() == [5, 3]
    assert columns.first(2)["label"].tolist() == [3, 4]
    assert columns.first(9) is columns
    assert "label" in columns
    assert "score" not in columns


def test_parts_are_dealt_in_also_if_some_are_shorter():
    parts = [numbers(0, 3, 5), numbers(1), numbers(2, 4)]
    assert Columns.interleave(parts)["label"].tolist() == [0, 1, 2, 3, 4, 5]


def test_lengths_differ():
    with pytest.raises(DataError, match=r"2 of pred_label, 3 of gt_label.*MultiLabelMetric"):
        Columns(pred_label=torch.zeros(2), gt_label=torch.zeros(3))


@pytest.mark.parametrize("case", [case for case in CASES if case != "tasks"])
def test_a_subclass_that_sees_items_gets_the_same_values(case):
    """Code for 1.x overrides process() or compute_metrics(), and finds one dict per sample."""
    kind, config = CASES[case]
    parent: Any = METRICS.get(config["type"])
    seen = []

    class Mine(parent):
        def process(self, data_batch, data_samples):
            super().process(data_batch, data_samples)
            seen.append(len(self.results))

        def compute_metrics(self, results):
            assert isinstance(results, list)
            return super().compute_metrics(results)

    arguments = {key: value for key, value in config.items() if key != "type"}
    found = []
    for metric in (parent(**arguments), Mine(**arguments)):
        data = samples(kind)
        metric.process(None, data[:25])
        metric.process(None, data[25:])
        found.append(metric.evaluate(len(data)))
    assert seen == [25, len(data)]
    ours, theirs = found
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert torch.equal(torch.as_tensor(value), torch.as_tensor(theirs[name])), name


def test_what_is_kept_of_a_batch_does_not_keep_its_scores():
    metric = Accuracy(topk=5)
    scores = torch.rand(8, 10_000)
    metric.process(None, [{"pred_score": row, "gt_label": torch.tensor([1])} for row in scores])
    (kept,) = metric.results
    assert sum(tensor.untyped_storage().nbytes() for tensor in kept.tensors.values()) < 1000


def test_a_batch_without_samples_keeps_nothing():
    metric = Accuracy()
    metric.process(None, [])
    assert metric.results == []
