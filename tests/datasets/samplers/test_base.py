"""Tests of :mod:`mmpretrain.datasets.samplers.base`."""

from __future__ import annotations

import pytest

from mmpretrain.datasets import samplers as samplers_package
from mmpretrain.registry import DATA_SAMPLERS
from tests.datasets.samplers.sampler_cases import DATASET, build


def test_every_sampler_of_the_package_is_listed():
    assert {"BalancedSampler", "DefaultSampler", "EpochSampler"} <= {*samplers_package.__all__}


REFERENCE = {
    ("DefaultSampler", 0, 1): ({}, [5, 0, 3, 4, 1, 7, 9, 6, 8, 2]),
    ("DefaultSampler", 1, 3): ({}, [0, 1, 6, 5]),
    ("DefaultSampler ragged", 1, 3): ({"round_up": False}, [0, 1, 6]),
    ("DefaultSampler ordered", 1, 3): ({"shuffle": False}, [1, 4, 7, 0]),
    ("RepeatAugSampler", 0, 1): ({}, [5, 5, 5, 0, 0, 0, 3, 3, 3, 4]),
    ("RepeatAugSampler", 1, 3): ({}, [5, 0, 3, 4]),
    ("SequentialSampler", 1, 3): ({}, [1, 4, 7, 0]),
    ("SequentialSampler parts", 1, 3): ({"subsample_type": "sequential"}, [4, 5, 6, 7]),
}


@pytest.mark.parametrize("case", REFERENCE, ids=str)
def test_order_equals_reference(case, place):
    name, rank, world_size = case
    kwargs, expected = REFERENCE[case]
    place(rank, world_size)
    sampler = build(name, **kwargs)
    sampler.set_epoch(2)
    assert list(sampler) == expected
    assert len(sampler) == len(expected)
    assert list(sampler) == expected, "a second pass of the same epoch is the same"


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("DefaultSampler", {}),
        ("RepeatAugSampler", {}),
        ("SequentialSampler", {}),
        ("WeightedSampler", {"weights": [1.0] * 10}),
    ],
)
def test_resume_in_the_middle_of_an_epoch(name, kwargs):
    sampler = build(name, **kwargs)
    sampler.set_epoch(3)
    whole = list(sampler)
    state = sampler.state_dict(position=4)
    resumed = DATA_SAMPLERS.build(dict(type=name, dataset=DATASET, seed=99, **kwargs))
    resumed.load_state_dict(state)
    assert list(resumed) == whole[4:]
    assert list(resumed) == whole, "only one pass is shortened"
