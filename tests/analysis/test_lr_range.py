"""The learning rate is found where the loss falls, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmpretrain.analysis.lr_range import SMOOTH, LrRange, judge, lr_range
from mmpretrain.config import Config
from mmpretrain.errors import ConfigError
from tests.analysis.tuning_cases import small_config


def test_steepest_fall_before_the_minimum() -> None:
    rates = np.logspace(-6, 0, 61)
    log = np.log10(rates)
    losses = 2 - 1.5 / (1 + np.exp(-4 * (log + 3))) + np.exp(6 * (log + 0.5))
    found = judge(rates, losses, losses)
    assert found.suggestion == pytest.approx(1e-3, rel=0.3)
    assert 1e-2 < found.largest < 0.5


def test_a_loss_that_only_rises_gives_no_rate() -> None:
    rates = np.logspace(-3, 0, 20)
    assert judge(rates, rates, rates).suggestion is None
    broken = np.full(20, np.inf)
    assert judge(rates, broken, broken).suggestion is None


def test_of_a_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = small_config(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    text = cfg.pretty_text
    found = lr_range(cfg, 1e-5, 10, 30, workers=0)
    assert torch.rand(1) == expected, "the random state is what it was"
    assert cfg.pretty_text == text
    assert sorted(tmp_path.rglob("*")) == before
    assert found.suggestion is not None
    assert 1e-5 < found.suggestion < 10
    assert np.ptp(np.diff(np.log(found.rates))) < 1e-6
    again = lr_range(cfg, 1e-5, 10, 30, workers=0)
    assert np.array_equal(again.losses, found.losses)


def test_groups_keep_their_ratio(tmp_path: Path) -> None:
    cfg = small_config(tmp_path)
    cfg.optim_wrapper.paramwise_cfg = {
        "custom_keys": {"head": {"lr_mult": 0.0}, "backbone": {"lr_mult": 0.0}}
    }
    still = lr_range(cfg, 1e-5, 10, 12, workers=0)
    assert still.losses.max() < 5, "no weight has moved"


def test_wrong_range(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot rise from 1 to 0\.1"):
        lr_range(small_config(tmp_path), 1, 0.1)
    with pytest.raises(ConfigError, match="trains nothing"):
        lr_range(Config({"model": {"type": "ImageClassifier"}}))


def test_batches_that_differ_are_no_fall() -> None:
    """The mean of few batches at the start moves by chance, and so does that of a loss that never falls."""
    rates = np.logspace(-6, 0, 100)
    flat = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        noise = 0.3 * random.standard_normal(100)
        never = judged(rates, 2 + noise + 50 * np.maximum(np.log10(rates) + 1, 0))
        flat += never.suggestion is None
        falls = 2 - 1.2 / (1 + np.exp(-4 * (np.log10(rates) + 3))) + np.exp(6 * (np.log10(rates) + 0.5))
        found = judged(rates, falls + noise)
        assert found.suggestion is not None
        assert 2e-4 < found.suggestion < 3e-2
    assert flat >= 19


def judged(rates: np.ndarray, losses: np.ndarray) -> LrRange:
    mean, smooth = 0.0, []
    for step, loss in enumerate(losses):
        mean = SMOOTH * mean + (1 - SMOOTH) * loss
        smooth.append(mean / (1 - SMOOTH ** (step + 1)))
    return judge(rates, losses, np.array(smooth))
