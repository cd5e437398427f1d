"""Data samples of a batch, with the values of each field together."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.datasets.lazy_list import LazyList
from mmpretrain.structures import DataSample
from mmpretrain.structures.packed_samples import PackedSamples, has_field, joined_labels, stacked_field


def sample(index):
    return DataSample(metainfo={"img_path": f"{index}.jpg", "img_shape": (4, 4)}).set_gt_label(index)


def test_packing_keeps_every_field():
    samples = [sample(i) for i in range(3)]
    samples[0].set_gt_label([0, 2])
    samples[1].set_field("__x__", "only_here", field_type="metainfo")
    samples[2].mask = torch.ones(2)
    packed = PackedSamples.of(samples)
    assert packed.meta("only_here") == [None, "__x__", None]
    assert packed.meta("nowhere") == [None] * 3
    again = list(packed)
    for old, new in zip(samples, again):
        assert new.all_keys() == old.all_keys()
        assert new.metainfo == old.metainfo
        assert new.gt_label.tolist() == old.gt_label.tolist()
    assert again[2].mask.tolist() == [1, 1]
    assert "mask" not in again[0]


@pytest.mark.parametrize("labels", [[2, 0, 1], [[2, 1], [0], [1]]], ids=["single", "different numbers"])
def test_fields_are_those_of_a_plain_list(labels):
    plain = [sample(i).set_gt_label(label).set_gt_score(torch.rand(3)) for i, label in enumerate(labels)]
    lazy = LazyList(PackedSamples.of(plain))
    assert stacked_field(lazy, "gt_score").tolist() == stacked_field(plain, "gt_score").tolist()
    assert has_field(lazy, "gt_score") is has_field(plain, "gt_score") is True
    assert has_field(lazy, "mask") is has_field(plain, "mask") is False
    assert PackedSamples.behind(lazy) is not None, "nobody has looked at a sample"
    assert joined_labels(lazy).tolist() == joined_labels(plain).tolist()
    assert has_field(lazy, "gt_label") is True
    lazy[0].set_gt_score(torch.zeros(3))
    assert PackedSamples.behind(lazy) is None
    assert stacked_field(lazy, "gt_score")[0].tolist() == [0, 0, 0]
