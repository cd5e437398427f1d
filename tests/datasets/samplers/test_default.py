"""Tests of :mod:`mmpretrain.datasets.samplers.default`."""

from __future__ import annotations

from itertools import islice

import pytest

from mmpretrain.registry import DATA_SAMPLERS
from tests.datasets.samplers.sampler_cases import DATASET, build

INFINITE = {
    (0, 1): [1, 4, 9, 6, 3, 5, 0, 2, 8, 7, 4, 2, 8, 7, 6, 1, 0],
    (1, 3): [4, 3, 2, 4, 7, 0, 9, 0, 9, 1, 3, 1, 4, 7, 2, 5, 0],
}


@pytest.mark.parametrize("where", INFINITE, ids=str)
def test_infinite_order_equals_reference(where, place):
    place(*where)
    sampler = build("InfiniteSampler")
    assert list(islice(sampler, 9)) + list(islice(sampler, 8)) == INFINITE[where], "the stream continues"
    assert len(sampler) == 10


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("where", [(0, 1), (2, 3), (1, 4)])
@pytest.mark.parametrize("skipped", [0, 1, 7, 25])
def test_infinite_skips_without_reading(where, skipped, shuffle, place):
    place(*where)
    whole = list(islice(build("InfiniteSampler", shuffle=shuffle), skipped + 20))
    sampler = build("InfiniteSampler", shuffle=shuffle)
    sampler.skip(skipped)
    assert list(islice(sampler, 20)) == whole[skipped:]


def test_without_a_seed_ranks_share_one():
    sampler = DATA_SAMPLERS.build(dict(type="DefaultSampler", dataset=DATASET))
    assert isinstance(sampler.seed, int)
    assert sorted(sampler) == DATASET


def test_wrong_subsample_type():
    with pytest.raises(ValueError, match="one of 'default', 'sequential', got 'other'"):
        build("SequentialSampler", subsample_type="other")
