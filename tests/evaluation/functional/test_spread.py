"""The spread of errors by features: found where it is there, and constant where it is not."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import DataError
from mmpretrain.evaluation.functional.spread import FARTHEST, Spread, fit_spread

FOLDS = torch.arange(800) % 5


def drawn(slope: float, count: int = 800) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features, distances that follow an exponential distribution, and its mean."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(count, 6, generator=generator)
    features[:, 5] = 3.0  # says nothing
    spread = (slope * features[:, :1] + torch.tensor([0.0, 1.0])).exp()
    return features, -torch.rand(count, 2, generator=generator).log() * spread, spread


def test_a_spread_that_depends_on_features() -> None:
    features, distances, right = drawn(1.0)
    spread = fit_spread(features, distances, FOLDS)
    assert not spread.constant
    assert float((spread(features) / right).log().abs().mean()) < 0.15


def test_one_spread_for_all() -> None:
    features, distances, _ = drawn(0.0)
    spread = fit_spread(features, distances, FOLDS)
    assert spread.constant
    torch.testing.assert_close(spread(features)[0], distances.mean(0))
    assert fit_spread(features[:1], distances[:1], FOLDS[:1]).constant


def test_far_features_do_not_give_endless_intervals() -> None:
    spread = Spread(torch.ones(1, 2), torch.zeros(1), torch.zeros(2), torch.ones(2))
    found = spread(torch.tensor([[500.0, 500.0], [-500.0, 0.0], [0.0, 0.0]]))
    torch.testing.assert_close(found.flatten(), torch.tensor([FARTHEST, 1 / FARTHEST, 1.0]))


def test_a_model_that_has_diverged() -> None:
    features, distances, _ = drawn(0.0)
    with pytest.raises(DataError, match="diverged"):
        fit_spread(features * torch.nan, distances, FOLDS)
    with pytest.raises(DataError, match="no image"):
        fit_spread(features[:0], distances[:0], FOLDS[:0])
