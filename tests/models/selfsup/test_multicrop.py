"""Tests of :mod:`mmpretrain.models.selfsup.multicrop`."""

from __future__ import annotations

import torch

from mmpretrain.models.selfsup.multicrop import by_size


def test_neighbours_of_one_size_become_one_batch():
    large, small = torch.zeros(2, 3, 8, 8), torch.ones(2, 3, 4, 4)
    batches = by_size([large, large, small, small, small, large])
    assert [tuple(batch.shape) for batch in batches] == [(4, 3, 8, 8), (6, 3, 4, 4), (2, 3, 8, 8)]
    assert by_size([]) == []
