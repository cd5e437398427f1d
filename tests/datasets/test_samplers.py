"""Orders equal those of the reference environment (mmpretrain 1.2, mmengine 0.10.7): seed 5, epoch 2."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch

from mmpretrain.datasets.samplers import base
from mmpretrain.errors import ConfigError
from mmpretrain.registry import DATA_SAMPLERS

DATASET = list(range(10))
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
INFINITE = {
    (0, 1): [1, 4, 9, 6, 3, 5, 0, 2, 8, 7, 4, 2, 8, 7, 6, 1, 0],
    (1, 3): [4, 3, 2, 4, 7, 0, 9, 0, 9, 1, 3, 1, 4, 7, 2, 5, 0],
}


@pytest.fixture
def place(monkeypatch):
    def at(rank, world_size):
        monkeypatch.setattr(base, "get_dist_info", lambda: (rank, world_size))

    return at


def build(name, dataset=DATASET, **kwargs):
    return DATA_SAMPLERS.build(dict(type=name.split()[0], dataset=dataset, seed=5, **kwargs))


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


@pytest.mark.parametrize("where", INFINITE, ids=str)
def test_infinite_order_equals_reference(where, place):
    place(*where)
    sampler = build("InfiniteSampler")
    assert list(islice(sampler, 9)) + list(islice(sampler, 8)) == INFINITE[where], "the stream goes on"
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


def test_without_a_seed_ranks_share_one():
    sampler = DATA_SAMPLERS.build(dict(type="DefaultSampler", dataset=DATASET))
    assert isinstance(sampler.seed, int)
    assert sorted(sampler) == DATASET


def test_wrong_subsample_type():
    with pytest.raises(ValueError, match="one of 'default', 'sequential', got 'other'"):
        build("SequentialSampler", subsample_type="other")


class Labelled(list):
    def __init__(self, labels):
        super().__init__(labels)
        self.get_gt_labels = lambda: np.array(labels)


class Multi(list):
    def get_cat_ids(self, idx):
        return self[idx]


@pytest.mark.parametrize(("power", "share"), [(1.0, 0.5), (0.5, 0.25), (0.0, 0.1)])
def test_balanced_classes(power, share):
    dataset = Labelled([0] * 900 + [1] * 100)
    sampler = build("BalancedSampler", dataset, power=power, num_samples=8000)
    drawn = torch.tensor(list(sampler))
    assert len(drawn) == len(sampler) == 8000
    assert float((drawn >= 900).float().mean()) == pytest.approx(share, abs=0.02)


def test_balanced_multi_label_counts_the_rarest_class():
    dataset = Multi([[0]] * 6 + [[0, 1]] * 2 + [[]])
    drawn = list(build("BalancedSampler", dataset, num_samples=4000))
    assert max(drawn) < 8
    assert sum(i >= 6 for i in drawn) / 4000 == pytest.approx(1 / (1 + 6 / 8), abs=0.03)


def test_weighted_parts_of_ranks_differ_and_follow_weights(place, tmp_path):
    weights = tmp_path / "weights.txt"
    weights.write_text("\n".join(["0"] * 9 + ["2.5"]))
    assert set(build("WeightedSampler", weights=str(weights))) == {9}
    place(0, 2)
    first = list(build("WeightedSampler", weights=[1.0] * 10, num_samples=50))
    place(1, 2)
    second = list(build("WeightedSampler", weights=[1.0] * 10, num_samples=50))
    assert len(first) == len(second) == 25
    assert first != second


@pytest.mark.parametrize("weights", [[1.0] * 9, [-1.0] * 10, [0.0] * 10, [float("nan")] * 10])
def test_unusable_weights(weights):
    with pytest.raises(ConfigError):
        build("WeightedSampler", weights=weights)


def test_repeated_draws_are_augmented_differently():
    from mmpretrain.engine.runner.dataloader import KeyedDataLoader

    class Noise(list):
        def __getitem__(self, index):
            return float(np.random.rand())

    sampler = build("WeightedSampler", weights=[1.0] + [0.0] * 9)
    loader = KeyedDataLoader(Noise(DATASET), sampler=sampler, batch_size=5, collate_fn=list)
    drawn = [value for batch in loader for value in batch]
    assert len(set(drawn)) == 10
