"""Tests of :mod:`mmpretrain.evaluation.metrics.retrieval`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.evaluation import (
    RetrievalAveragePrecision,
    RetrievalRecall,
)

FOUND = [torch.arange(100.0)] * 3

RIGHT = [[0, 3, 6, 8, 35], [1, 2, 54, 105], [2, 42, 205]]


def test_retrieval_by_index():
    assert RetrievalAveragePrecision.calculate(FOUND, RIGHT, 10, True, True) == pytest.approx(29.246031746)
    value = RetrievalAveragePrecision.calculate(FOUND, RIGHT, 10, True, True, "integrate")
    assert value == pytest.approx(23.511904761)
    recall = RetrievalRecall.calculate(FOUND, RIGHT, (1, 2, 3), True, True)
    assert [round(value.item(), 4) for value in recall] == [33.3333, 66.6667, 100.0]
    assert len(FOUND[0]) == 100, "the caller's lists are left alone"


def test_retrieval_with_fewer_items_than_k():
    pred, target = np.array([[0.9, 0.1]]), torch.tensor([[0, 1]])
    assert RetrievalRecall.calculate(pred, target, 5) == [torch.tensor(100.0)]
    assert RetrievalAveragePrecision.calculate(pred, target, 5) == 50.0
    assert RetrievalAveragePrecision.calculate(pred, torch.tensor([[0, 0]]), 5) == 0.0
