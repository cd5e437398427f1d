"""Each detector scores what is far away higher, and keeps no more than it needs."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import CheckpointError, DataError
from mmpretrain.evaluation.functional import auroc
from mmpretrain.uncertainty import detectors
from mmpretrain.uncertainty.detectors import KINDS, Detector, available_kinds
from tests.uncertainty.cases import outputs


@pytest.mark.parametrize("kind", ["mahalanobis", "layers", "knn"])
def test_far_images_score_higher(kind):
    known, others = outputs(), outputs(seed=1)
    detector = Detector.fit(kind, known.evidence, known.labels)
    assert others.spoilt is not None
    scores = torch.cat([detector.score(others.evidence), detector.score(others.spoilt)])
    far = torch.arange(len(scores)) >= len(others.labels)
    assert auroc(scores, far.long()) > 85


def test_energy_needs_no_facts():
    known = outputs()
    detector = Detector.fit("energy", known.evidence, known.labels)
    assert (detector.fits, detector.bank) == ((), None)
    torch.testing.assert_close(detector.score(known.evidence), -known.logits.logsumexp(1))


def test_the_bank_is_limited(monkeypatch):
    monkeypatch.setattr(detectors, "MAX_BANK", 100)
    known = outputs(950)
    bank = Detector.fit("knn", known.evidence, known.labels).bank
    assert bank is not None
    assert len(bank) == 95


def test_all_kinds_are_tried_here():
    assert KINDS == ("energy", "mahalanobis", "layers", "knn")


def test_styles_are_needed_for_layers():
    known = outputs()
    bare = known.evidence._replace(styles=())
    assert available_kinds(bare) == ("energy", "mahalanobis", "knn")
    with pytest.raises(DataError, match="no layers"):
        Detector.fit("layers", bare, known.labels)
    detector = Detector.fit("layers", known.evidence, known.labels)
    assert detector.score(known.evidence).mean() == pytest.approx(3, abs=0.3)  # three parts, each about 1
    with pytest.raises(CheckpointError, match="Calibrate the checkpoint again"):
        detector.score(bare)
