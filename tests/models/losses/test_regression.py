"""Losses of predicted numbers: the formulas, worked out by hand."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.registry import MODELS

PRED = torch.tensor([[1.0, 2.0], [0.0, -3.0]])
TARGET = torch.tensor([[1.5, 2.0], [2.0, -7.0]])  # differences 0.5, 0, 2 and 4


@pytest.mark.parametrize(
    ("cfg", "expected"),
    [
        (dict(type="L1Loss"), [[0.5, 0], [2, 4]]),
        (dict(type="MSELoss"), [[0.25, 0], [4, 16]]),
        (dict(type="SmoothL1Loss"), [[0.125, 0], [1.5, 3.5]]),
        (dict(type="SmoothL1Loss", beta=4.0), [[0.03125, 0], [0.5, 2]]),
        (dict(type="SmoothL1Loss", beta=0.0), [[0.5, 0], [2, 4]]),
        (dict(type="HuberLoss"), [[0.125, 0], [1.5, 3.5]]),
        (dict(type="HuberLoss", delta=3.0), [[0.125, 0], [2, 7.5]]),
    ],
)
def test_formulas(cfg, expected):
    expected = torch.tensor(expected)
    torch.testing.assert_close(MODELS.build({**cfg, "reduction": "none"})(PRED, TARGET), expected)
    torch.testing.assert_close(MODELS.build(cfg)(PRED, TARGET), expected.mean())
    weight = torch.tensor([1.0, 0.5])
    torch.testing.assert_close(
        MODELS.build({**cfg, "loss_weight": 2.0})(PRED, TARGET, weight),
        2 * (expected[0].sum() + expected[1].sum() / 2) / 4,
    )


def test_means_are_those_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    r = torch.Generator().manual_seed(0)
    pred, target = torch.randn(50, 3, generator=r), torch.randn(50, 3, generator=r)
    assert MODELS.build(dict(type="L1Loss"))(pred, target).item() == pytest.approx(
        metrics.mean_absolute_error(target, pred), rel=1e-5
    )
    assert MODELS.build(dict(type="MSELoss"))(pred, target).item() == pytest.approx(
        metrics.mean_squared_error(target, pred), rel=1e-5
    )


@pytest.mark.parametrize(
    ("cfg", "message"),
    [
        (dict(type="SmoothL1Loss", beta=-1.0), "beta must be a number from 0 on"),
        (dict(type="HuberLoss", delta=0.0), "delta must be a positive number"),
        (dict(type="HuberLoss", delta=float("nan")), "delta must be a positive number"),
    ],
)
def test_wrong_settings(cfg, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build(cfg)


def test_another_number_of_values():
    with pytest.raises(ConfigError, match=r"shape \(2, 2\), but the targets have \(2, 1\).*num_values"):
        MODELS.build(dict(type="L1Loss"))(PRED, TARGET[:, :1])
