"""Tests of :mod:`mmpretrain.utils.dist`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.utils import dist


def test_a_single_process_keeps_what_it_has():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    assert dist.get_dist_info() == (0, 1)
    assert dist.get_backend() is None
    assert dist.all_reduce(x, "mean") is x
    assert dist.all_gather(x)[0] is x
    assert dist.broadcast(x) is x
    assert dist.gather_batch(x) is x
    assert dist.sum_over_processes(x) is x
    assert dist.all_gather_object("a") == ["a"]
    assert dist.gather_object("a") == ["a"]
    assert dist.broadcast_object({"a": 1}) == {"a": 1}
    dist.barrier()


def test_a_function_for_the_first_process_alone(monkeypatch):
    function = dist.master_only(lambda x: x + 1)
    assert function(1) == 2
    monkeypatch.setattr(dist, "get_rank", lambda group=None: 1)
    assert function(1) is None


@pytest.mark.parametrize(
    ("parts", "size", "whole"),
    [
        ([[0, 3], [1, 4], [2, 5]], 6, [0, 1, 2, 3, 4, 5]),
        ([[0, 2], [1, 0]], 3, [0, 1, 2]),
        ([[0, 2], [1]], 3, [0, 1, 2]),
    ],
    ids=["even", "filled up", "uneven"],
)
def test_parts_are_put_together_as_samplers_deal_them_out(monkeypatch, parts, size, whole):
    monkeypatch.setattr(dist, "gather_object", lambda data: parts)
    assert dist.collect_results(parts[0], size) == whole
    monkeypatch.setattr(dist, "gather_object", lambda data: None)  # another process than the first
    assert dist.collect_results(parts[1], size) is None


def test_a_seed_fits_into_numpys():
    seeds = {dist.sync_random_seed() for _ in range(20)}
    assert len(seeds) > 1
    assert all(0 <= seed < 2**31 for seed in seeds)
