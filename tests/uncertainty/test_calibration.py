"""Judging images: noise that belongs to an image, sets that cover, and who is abstained from."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mmpretrain.errors import CheckpointError, ConfigError
from mmpretrain.uncertainty.calibration import noise_of
from mmpretrain.uncertainty.evidence import Evidence
from mmpretrain.uncertainty.fitting import Settings, calibrate
from mmpretrain.uncertainty.outputs import Outputs
from tests.uncertainty.cases import outputs


def test_noise_is_uniform_and_belongs_to_the_image():
    logits = torch.randn(4000, 10, generator=torch.Generator().manual_seed(0))
    noise = noise_of(logits)
    torch.testing.assert_close(noise.sort().values, torch.linspace(0, 1, 4000).double(), atol=0.03, rtol=0)
    assert noise_of(logits[100:101]) == noise[100]
    assert (noise_of(logits + 1e-6) == noise).double().mean() > 0.99
    assert noise_of(torch.full((2, 3), torch.nan)).isfinite().all()


@pytest.mark.parametrize("sets", ["aps", "raps"])
def test_sets_cover_what_is_asked_for(sets):
    calibration, _ = calibrate(outputs(3000), Settings(sets=sets))
    others = outputs(3000, seed=1)
    for coverage in (0.7, 0.9):
        judged = calibration.judge(others.evidence, coverage)
        share = judged.sets.gather(1, others.labels[:, None]).double().mean()
        assert abs(float(share) - coverage) < 0.02
    default = calibration.judge(others.evidence)
    assert (default.sets == judged.sets).all()


def test_abstaining():
    calibration, _ = calibrate(outputs(), Settings(randomized=False, ood_share=0.1))
    others = outputs(2000, seed=1)
    judged = calibration.judge(others.evidence)
    assert judged.ood_score is not None
    unlike = judged.ood_score > calibration.threshold
    assert (judged.abstain == (unlike | (judged.sets.sum(1) != 1))).all()
    assert abs(float(unlike.double().mean()) - 0.1) < 0.03
    assert others.spoilt is not None
    assert calibration.judge(others.spoilt).abstain.double().mean() > 0.9
    plain = replace(calibration, detector=None).judge(others.evidence)
    assert plain.ood_score is None
    assert (plain.abstain == (judged.sets.sum(1) != 1)).all()


def test_values_that_are_not_finite_are_abstained_from():
    calibration, _ = calibrate(outputs(), Settings(ood="knn"))
    judged = calibration.judge(Evidence(torch.full((1, 4), torch.nan), torch.full((1, 6), torch.nan)))
    assert judged.abstain.tolist() == [True]


def zeros(classes, size):
    return Evidence(torch.zeros(2, classes), torch.zeros(2, size))


def test_another_model():
    calibration, _ = calibrate(outputs(), Settings(ood="knn"))
    with pytest.raises(CheckpointError, match="one of 4 classes"):
        calibration.judge(zeros(5, 6))
    with pytest.raises(CheckpointError, match=r"features of \[6\] numbers"):
        calibration.judge(zeros(4, 7))
    with pytest.raises(ConfigError, match="coverage"):
        calibration.judge(zeros(4, 6), 90)
    with pytest.raises(ConfigError, match="more images of calibration than 630"):
        calibration.judge(zeros(4, 6), 0.9999)


def test_coverage_over_twenty_splits():
    """With 5,000 images to calibrate with, single splits stay within two percent of what was asked for."""
    whole = outputs(10_000)
    shares = []
    for seed in range(20):
        order = torch.randperm(10_000, generator=torch.Generator().manual_seed(seed))
        known, others = order[:5000], order[5000:]
        part = whole.evidence.take(known)
        taken = Outputs(part.logits, whole.labels[known], part, torch.arange(5000))
        calibration, _ = calibrate(taken, Settings(ood="none"))
        sets = calibration.judge(whole.evidence.take(others), 0.9).sets
        shares.append(float(sets.gather(1, whole.labels[others, None]).double().mean()))
    assert sum(shares) / 20 == pytest.approx(0.9, abs=0.005)
    assert 0.88 <= min(shares) <= max(shares) <= 0.92
