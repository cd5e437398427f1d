"""Tests of :mod:`mmpretrain.evaluation.metrics.base`."""

from __future__ import annotations

import logging

import pytest
import torch

from mmpretrain.errors import DataError
from mmpretrain.evaluation import (
    Accuracy,
    Evaluator,
)
from mmpretrain.evaluation.metrics.base import to_cpu
from mmpretrain.structures import DataSample
from tests.evaluation.cases import Count, scored


def test_no_results(caplog):
    class Lazy(Count):
        def process(self, data_batch, data_samples):
            """Forget to keep anything."""

        def compute_metrics(self, results):
            return {}

    with caplog.at_level(logging.WARNING):
        assert Lazy().evaluate(0) == {}
    assert "Lazy has no results" in caplog.text


def test_field_that_is_not_there():
    evaluator = Evaluator({"type": "VOCMultiLabelMetric"})
    with pytest.raises(DataError, match="needs gt_label_difficult, but the samples have only"):
        evaluator.process(scored(1))


def test_samples_as_objects():
    """MMEngine's evaluator hands over samples of other classes than its own as they are."""
    sample = DataSample().set_gt_label(1).set_pred_score(torch.tensor([0.2, 0.8]))
    metric = Accuracy(topk=(1,))
    metric.process({}, [sample])
    assert metric.evaluate(1) == {"accuracy/top1": 100.0}


def test_to_cpu_keeps_kinds_and_frees_batches():
    whole = torch.zeros(4, 1000)
    found = to_cpu({"row": whole[1], "plain": [1, 2.0, "a", None, True], "pair": (whole[2, :1], 3)})
    assert found["row"].untyped_storage().nbytes() == 4000
    assert found["plain"] == [1, 2.0, "a", None, True]
    assert found["pair"][0].untyped_storage().nbytes() == 4
    assert isinstance(found["pair"], tuple)
