"""Intervals hold the value as often as they say."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional import accuracy, auroc, bootstrap


def test_the_interval_covers_what_it_should():
    generator = torch.Generator().manual_seed(0)
    covered = 0
    for trial in range(100):
        right = (torch.rand(80, generator=generator) < 0.7).double()
        interval = bootstrap(torch.mean, right, resamples=200, level=0.9, seed=trial)
        covered += interval.low <= 0.7 <= interval.high
    assert 82 <= covered <= 97


def test_draws_are_repeatable_and_rows_stay_together():
    labels = torch.arange(3).repeat(10)
    scores = torch.eye(3)[labels]
    interval = bootstrap(accuracy, scores, labels, resamples=20)
    assert interval == (100, 100, 100)
    noisy = torch.rand(30, 3, generator=torch.Generator().manual_seed(0))
    first = bootstrap(auroc, noisy, labels, resamples=20)
    assert first == bootstrap(auroc, noisy, labels, resamples=20)
    assert first != bootstrap(auroc, noisy, labels, resamples=20, seed=1)


def test_draws_without_a_value_do_not_count():
    interval = bootstrap(auroc, [0.1, 0.9, 0.2], [0, 1, 0], resamples=50)
    assert interval == (100, 100, 100)


def test_bad_input():
    with pytest.raises(DataError, match=r"lengths \[2, 3\]"):
        bootstrap(accuracy, [0, 1], [0, 1, 2])
    with pytest.raises(ConfigError, match="level"):
        bootstrap(torch.mean, [0.0], level=95)
    with pytest.raises(ConfigError, match="resamples"):
        bootstrap(torch.mean, [0.0], resamples=0)
