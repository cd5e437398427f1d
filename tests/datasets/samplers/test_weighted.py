"""Tests of :mod:`mmpretrain.datasets.samplers.weighted`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.errors import ConfigError
from tests.datasets.samplers.sampler_cases import DATASET, build


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
