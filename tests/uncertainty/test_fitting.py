"""What calibration learns, and the data that it refuses."""

from __future__ import annotations

import math

import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.uncertainty.fitting import Settings, calibrate
from tests.uncertainty.cases import outputs


@pytest.mark.parametrize("scaling", ["temperature", "vector"])
def test_probabilities_are_better_afterwards(scaling):
    calibration, summary = calibrate(outputs(), Settings(scaling=scaling), weights="abc")
    assert summary.nll[1] < summary.nll[0]
    assert summary.ece[1] < summary.ece[0]
    assert calibration.weights == "abc"
    if scaling == "temperature":
        assert 1 / float(calibration.scaling.weight) == pytest.approx(3, abs=0.6)


@pytest.mark.parametrize("scaling", ["temperature", "vector"])
def test_scaling_that_makes_it_worse_is_left_out(scaling):
    """Logits that are right as they are: with few images, a fit follows chance."""
    left_out = 0
    for seed in range(12):
        generator = torch.Generator().manual_seed(seed)
        logits = 2 * torch.randn(60, 4, generator=generator)
        labels = torch.multinomial(logits.softmax(1), 1, generator=generator).flatten()
        known = outputs(60)
        evidence = known.evidence._replace(logits=logits)
        calibration, summary = calibrate(
            known._replace(logits=logits, labels=labels, evidence=evidence),
            Settings(scaling=scaling, ood="none"),
        )
        if not summary.scaled:
            left_out += 1
            assert summary.nll[0] == pytest.approx(summary.nll[1], rel=1e-6)
            assert float(calibration.scaling.weight) == 1
            assert calibration.facts["scaled"] is False
    assert left_out >= 4


def test_the_sets_use_other_images_than_the_scaling():
    assert len(calibrate(outputs(1000))[0].scores) == 700
    assert len(calibrate(outputs(1000), Settings(scaling="none"))[0].scores) == 1000


def test_without_noise_no_set_is_empty():
    _, noisy = calibrate(outputs(), Settings(coverage=0.5))
    _, plain = calibrate(outputs(), Settings(coverage=0.5, randomized=False))
    assert noisy.empty > 0.2
    assert plain.empty == 0


def test_auto_takes_the_score_that_tells_spoilt_images_best():
    calibration, summary = calibrate(outputs())
    assert calibration.detector is not None
    assert calibration.detector.kind == max(summary.auroc, key=summary.auroc.__getitem__)
    assert set(summary.auroc) == {"energy", "mahalanobis", "layers", "knn"}
    one, told = calibrate(outputs(), Settings(ood="energy"))
    assert one.detector is not None
    assert (one.detector.kind, list(told.auroc)) == ("energy", ["energy"])
    none, told = calibrate(outputs(), Settings(ood="none"))
    assert (none.detector, none.threshold, told.auroc) == (None, math.inf, {})


def test_the_threshold_is_that_of_other_images():
    """Distances of images that were fitted to are smaller: with few images the share would be wrong."""
    shares = []
    for seed in range(10):
        calibration, _ = calibrate(
            outputs(60, size=20, seed=seed), Settings(ood="mahalanobis", ood_share=0.1)
        )
        others = outputs(500, size=20, seed=100 + seed)
        unlike = calibration.judge(others.evidence).ood_score
        assert unlike is not None
        shares.append(float((unlike > calibration.threshold).double().mean()))
    assert sum(shares) / len(shares) < 0.13


def test_too_few_images():
    with pytest.raises(DataError, match=r"needs 99 images .* and there are 70"):
        calibrate(outputs(100), Settings(coverage=0.99))
    few = outputs(20)
    with pytest.raises(DataError, match="needs 9 images"):
        calibrate(few._replace(logits=few.logits[:8], labels=few.labels[:8]))


@pytest.mark.parametrize(
    ("key", "value"),
    [("coverage", 1.0), ("coverage", math.nan), ("ood_share", 0), ("scaling", "platt"), ("ood", "best")],
)
def test_bad_settings(key, value):
    with pytest.raises(ConfigError) as caught:
        Settings(**{key: value})
    assert caught.value.key == key


def test_a_model_that_has_diverged():
    known = outputs(100)
    with pytest.raises(DataError, match="diverged"):
        calibrate(known._replace(logits=known.logits * torch.nan))
