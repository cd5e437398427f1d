"""Numbers about features, against formulas worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from mmpretrain.evaluation.functional.representation import (
    alignment,
    entropy,
    rank_me,
    spread,
    uniformity,
)


def test_rank_is_that_of_the_directions_that_matter():
    assert rank_me(torch.eye(5)) == pytest.approx(5, rel=1e-4)
    assert rank_me(torch.ones(7, 5)) == pytest.approx(1, abs=1e-4)
    shares = [0.75, 0.25]
    expected = math.exp(-sum(p * math.log(p) for p in shares))
    assert rank_me(torch.diag(torch.tensor([3.0, 1.0]))) == pytest.approx(expected, rel=1e-4)


def test_spread_from_one_direction_to_all():
    assert spread(torch.tensor([[2.0, 0.0], [5.0, 0.0]])) == pytest.approx(0, abs=1e-6)
    everywhere = torch.tensor([[1.0, 0.0], [-2.0, 0.0], [0.0, 3.0], [0.0, -4.0]])
    assert spread(everywhere) == pytest.approx(1, rel=1e-5)


def test_alignment_and_uniformity():
    first, second = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 3.0], [0.0, 5.0]])
    assert alignment(first, second) == pytest.approx((2 + 0) / 2)
    assert uniformity(first) == pytest.approx(-2 * 2)  # one pair, at squared distance 2
    assert uniformity(torch.ones(3, 4)) == pytest.approx(0, abs=1e-6)


def test_entropy_is_a_share_of_the_largest():
    assert entropy(torch.full((2, 4), 0.25)) == pytest.approx(1)
    assert entropy(torch.eye(4)) == pytest.approx(0)
    half = torch.tensor([[0.5, 0.5, 0.0, 0.0]])
    assert entropy(half) == pytest.approx(math.log(2) / math.log(4))
