"""Verdicts of records with one label, and with several."""

from __future__ import annotations

import numpy as np

from mmpretrain.evaluation import Record
from mmpretrain.evaluation.verdicts import Verdict

SCORES = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]], np.float32)


def test_one_label() -> None:
    record = Record(SCORES, np.array([1, 2]))
    assert record.verdict(0) == Verdict(0, float(SCORES[0, 1]), (1,), (1,), right=True)
    assert record.verdict(1) == Verdict(1, 0.5, (0,), (2,), right=False)


def test_several_labels() -> None:
    record = Record(SCORES, np.array([[0, 1, 0], [-1, 0, 0]], np.int8))
    assert record.verdict(0) == Verdict(0, float(SCORES[0, 1]), (1,), (1,), right=True)
    assert record.verdict(1) == Verdict(1, 0.5, (0,), (), right=True)
