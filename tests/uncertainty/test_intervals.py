"""Intervals around numbers: they cover what they promise, and are wide where errors are large."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import CheckpointError, ConfigError, DataError
from mmpretrain.uncertainty.fitting import Settings
from mmpretrain.uncertainty.intervals import calibrate_values
from tests.uncertainty.cases import values

NO_DETECTOR = Settings(ood="none")


@pytest.mark.parametrize("uneven", [True, False])
def test_coverage(uneven: bool) -> None:
    shares, constant = [], 0
    for seed in range(10):
        calibration, summary = calibrate_values(values(seed=seed, uneven=uneven), NO_DETECTOR)
        others = values(2000, seed=100 + seed, uneven=uneven)
        ends = calibration.judge(others.evidence).ends
        inside = (ends[..., 0] <= others.labels) & (others.labels <= ends[..., 1])
        shares.append(inside.double().mean(0))
        constant += summary.constant
    for share in torch.stack(shares).mean(0).tolist():
        assert share == pytest.approx(0.9, abs=0.015)
    assert constant == 0 if uneven else constant >= 7


def test_intervals_are_wide_where_errors_are_large() -> None:
    calibration, summary = calibrate_values(values(uneven=True), NO_DETECTOR)
    others = values(2000, seed=1, uneven=True)
    ends = calibration.judge(others.evidence, 0.8).ends
    widths = (ends[..., 1] - ends[..., 0])[:, 0]
    errors = (others.labels - others.logits).abs()[:, 0]
    order = widths.argsort()
    assert errors[order[1000:]].mean() > 3 * errors[order[:1000]].mean()
    assert summary.width[0] < 0.95 * summary.same[0]
    wider = calibration.judge(others.evidence, 0.95).ends
    assert bool((wider[..., 1] > ends[..., 1]).all())


def test_unlike_images() -> None:
    calibration, summary = calibrate_values(values())
    assert set(summary.auroc) == {"mahalanobis", "layers", "knn"}
    others = values(500, seed=1)
    assert others.spoilt is not None
    usual, unlike = (
        calibration.judge(part).abstain.double().mean() for part in (others.evidence, others.spoilt)
    )
    assert usual < 0.12
    assert unlike > 0.9
    none = calibrate_values(values(), NO_DETECTOR)[0].judge(others.evidence)
    assert none.ood_score is None
    assert not none.abstain.any()


def test_what_is_refused() -> None:
    with pytest.raises(ConfigError, match="energy is a score of classes"):
        calibrate_values(values(), Settings(ood="energy"))
    with pytest.raises(DataError, match="needs 99 images"):
        calibrate_values(values(100), Settings(coverage=0.99))
    calibration = calibrate_values(values(200), NO_DETECTOR)[0]
    with pytest.raises(ConfigError, match="more images of calibration than 140"):
        calibration.judge(values(5).evidence, 0.999)
    with pytest.raises(CheckpointError, match="is one of 2 values"):
        calibration.judge(values(5).evidence._replace(features=torch.zeros(5, 3)))
