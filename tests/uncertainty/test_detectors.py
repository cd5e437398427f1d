"""Each detector scores what is far away higher, and keeps no more than it needs."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.evaluation.functional import auroc
from mmpretrain.uncertainty import detectors
from mmpretrain.uncertainty.detectors import KINDS, Detector
from tests.uncertainty.cases import outputs


@pytest.mark.parametrize("kind", ["mahalanobis", "knn"])
def test_far_images_score_higher(kind):
    known, others = outputs(), outputs(seed=1)
    detector = Detector.fit(kind, known.features, known.labels)
    assert others.spoilt is not None
    scores = torch.cat([detector.score(others.logits, others.features), detector.score(*others.spoilt)])
    far = torch.arange(len(scores)) >= len(others.labels)
    assert auroc(scores, far.long()) > 85


def test_energy_needs_no_facts():
    known = outputs()
    detector = Detector.fit("energy", known.features, known.labels)
    assert not detector.facts
    torch.testing.assert_close(detector.score(known.logits, known.features), -known.logits.logsumexp(1))


def test_the_bank_is_limited(monkeypatch):
    monkeypatch.setattr(detectors, "MAX_BANK", 100)
    known = outputs(950)
    assert len(Detector.fit("knn", known.features, known.labels).facts["bank"]) == 95


def test_all_kinds_are_tried_here():
    assert KINDS == ("energy", "mahalanobis", "knn")
