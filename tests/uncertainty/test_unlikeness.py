"""Choosing a score of unlikeness."""

from __future__ import annotations

import math

import pytest
import torch

from mmpretrain.errors import DataError
from mmpretrain.uncertainty.detectors import KINDS
from mmpretrain.uncertainty.unlikeness import choose_detector
from tests.uncertainty.cases import outputs


def test_the_best_on_spoilt_images() -> None:
    known = outputs()
    found = choose_detector(KINDS, known.evidence, known.labels, known.spoilt, 0.05)
    assert found.detector is not None
    assert found.detector.kind == max(found.auroc, key=found.auroc.__getitem__)
    assert set(found.auroc) == set(KINDS)
    usual = found.detector.score(outputs(seed=1).evidence)
    assert float((usual > found.threshold).double().mean()) == pytest.approx(0.05, abs=0.03)


def test_without_spoilt_images_or_kinds() -> None:
    known = outputs(100)
    assert choose_detector(("knn",), known.evidence, known.labels, None, 0.05).auroc == {}
    assert choose_detector((), known.evidence, known.labels, None, 0.05) == (None, math.inf, {})


def test_one_image() -> None:
    known = outputs(1)
    with pytest.raises(DataError, match="One image"):
        choose_detector(("knn",), known.evidence, torch.zeros(1, dtype=torch.long), None, 0.05)
