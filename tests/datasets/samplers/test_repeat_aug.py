"""Tests of :mod:`mmpretrain.datasets.samplers.repeat_aug`."""

from __future__ import annotations

from collections import Counter

from mmpretrain.datasets.samplers import RepeatAugSampler


def ranks(monkeypatch, size, count, **options):
    """What each of ``count`` processes gets."""
    dealt = []
    for rank in range(count):
        monkeypatch.setattr(
            "mmpretrain.datasets.samplers.base.get_dist_info", lambda rank=rank: (rank, count)
        )
        sampler = RepeatAugSampler(range(size), seed=0, **options)
        dealt.append([int(i) for i in sampler])
        assert len(sampler) == len(dealt[-1])
    return dealt


def test_copies_land_on_different_ranks(monkeypatch):
    dealt = ranks(monkeypatch, 12, 3)
    assert dealt[0] == dealt[1] == dealt[2]  # three copies, three ranks
    assert len(set(dealt[0])) == 4  # an epoch sees a third of the data


def test_an_epoch_is_as_long_as_the_data(monkeypatch):
    (alone,) = ranks(monkeypatch, 10, 1, num_repeats=2)
    assert len(alone) == 10
    assert set(Counter(alone).values()) == {2}
    assert alone[0] == alone[1]


def test_without_shuffling_each_epoch_sees_the_same(monkeypatch, caplog):
    (alone,) = ranks(monkeypatch, 6, 1, shuffle=False)
    assert alone == [0, 0, 0, 1, 1, 1]
    assert "reads the same part of the data every epoch" in caplog.text
