"""Verdicts of records with one label, and with several."""

from __future__ import annotations

import numpy as np

from mmpretrain.evaluation import Record
from mmpretrain.evaluation.verdicts import Verdict

SCORES = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]], np.float32)


def test_one_label() -> None:
    record = Record(SCORES, np.array([1, 2]))
    first, second = record.verdict(0), record.verdict(1)
    assert first == Verdict(0, float(SCORES[0, 1]), 1, (1,))
    assert first.right
    assert (second.predicted, second.actual, second.right) == (0, (2,), False)


def test_several_labels() -> None:
    record = Record(SCORES, np.array([[1, 1, 0], [-1, 0, 0]], np.int8))
    assert record.verdict(0).actual == (0, 1)
    assert record.verdict(0).right
    assert record.verdict(1).actual == ()
    assert not record.verdict(1).right
