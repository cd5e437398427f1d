"""Tests of :mod:`mmpretrain.models.layers.sinkhorn`."""

from __future__ import annotations

import torch

from mmpretrain.models.layers.sinkhorn import distributed_sinkhorn


def test_prototypes_share_the_samples_equally():
    torch.manual_seed(0)
    assigned = distributed_sinkhorn(torch.randn(12, 4), iterations=50, epsilon=0.5)
    torch.testing.assert_close(assigned.sum(dim=1), torch.ones(12))
    torch.testing.assert_close(assigned.sum(dim=0), torch.full((4,), 3.0), atol=1e-3, rtol=0)


def test_a_prototype_that_no_sample_is_like_makes_no_nan():
    scores = torch.tensor([[0.0, -1e4], [0.0, -1e4]])
    assert distributed_sinkhorn(scores, iterations=3, epsilon=0.05).isfinite().all()


def test_without_iterations_it_is_the_exponential_by_rows():
    scores = torch.tensor([[0.0, 1.0]])
    torch.testing.assert_close(distributed_sinkhorn(scores, 0, 1.0), scores.softmax(dim=1))
