"""The numbers of a report."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from mmpretrain.evaluation import Evaluator
from mmpretrain.evaluation.record import Record
from mmpretrain.reports import summarize


def test_numbers_are_those_of_the_metrics(record):
    summary = summarize(record)
    names = ("Accuracy", "AUROC", "AgreementMetric", "SingleLabelMetric", "CalibrationMetric")
    values = Evaluator([{"type": name} for name in names]).offline_evaluate(record.samples())
    found = {number.name: number for number in summary.numbers}
    assert found["accuracy"].value == pytest.approx(values["accuracy/top1"])
    assert found["auroc"].value == pytest.approx(values["auroc/macro"])
    assert found["kappa"].value == pytest.approx(values["agreement/kappa"])
    assert found["balanced_accuracy"].value == pytest.approx(values["agreement/balanced_accuracy"])
    assert found["f1_macro"].value == pytest.approx(values["single-label/f1-score"], abs=1e-3)
    assert found["ece"].value == pytest.approx(values["calibration/ece"])
    for name, number in found.items():
        assert name == "ece" or number.low <= number.value <= number.high


def test_classes(record):
    summary = summarize(record)
    assert [row.name for row in summary.classes] == list(record.classes)
    assert summary.confusion is not None
    assert [row.support for row in summary.classes] == summary.confusion.sum(1).tolist() == [20, 20, 20]
    assert [row.predicted for row in summary.classes] == summary.confusion.sum(0).tolist()


def test_classes_without_samples_have_no_values(record):
    scores = np.concatenate([record.scores, np.zeros((60, 1), np.float32)], axis=1)
    row = summarize(Record(scores, record.targets)).classes[3]
    assert (row.support, row.predicted) == (0, 0)
    assert all(map(math.isnan, (row.precision, row.recall, row.f1, row.auroc, row.auprc)))


def test_several_labels(record):
    targets = (record.scores > 0.3).astype(np.int8)
    summary = summarize(dataclasses.replace(record, targets=targets))
    assert summary.confusion is None
    assert [number.name for number in summary.numbers] == ["map", "f1_macro", "auroc", "ece"]
    assert summary.numbers[0].value == 100


def test_curves_go_from_corner_to_corner(record):
    summary = summarize(record)
    for curve in summary.roc:
        assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)
        assert curve.x == sorted(curve.x)
    assert summary.roc[0].name == ""


def test_logits_have_no_reliability(record):
    """Predictions of 1.x may hold them; everything else is shown."""
    summary = summarize(dataclasses.replace(record, scores=record.scores * 20 - 5))
    assert next(n for n in summary.numbers if n.name == "ece").value != 0
    assert np.isnan(next(n for n in summary.numbers if n.name == "ece").value)
    assert summary.reliability.count.sum() == 0
