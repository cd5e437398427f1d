"""Tests of :mod:`mmpretrain.models.selfsup.shuffle`."""

from __future__ import annotations

import torch

from mmpretrain.models.selfsup.shuffle import shuffle, unshuffle


def test_a_shuffled_batch_comes_back_in_order():
    torch.manual_seed(0)
    x = torch.arange(20.0).reshape(10, 2)
    mixed, places = shuffle(x)
    assert not torch.equal(mixed, x)
    assert torch.equal(mixed.sort(dim=0).values, x)
    assert torch.equal(unshuffle(mixed * 2, places), x * 2)
