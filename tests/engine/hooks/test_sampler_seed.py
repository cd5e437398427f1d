"""Tests of :mod:`mmpretrain.engine.hooks.sampler_seed`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mmpretrain.engine.hooks.sampler_seed import DistSamplerSeedHook


class Sampler:
    epoch = None

    def set_epoch(self, epoch):
        self.epoch = epoch


@pytest.mark.parametrize("inside", [False, True], ids=["sampler", "sampler of the batch sampler"])
def test_the_sampler_is_told_the_epoch(inside):
    sampler = Sampler()
    loader = SimpleNamespace(
        sampler=object() if inside else sampler,
        batch_sampler=SimpleNamespace(sampler=sampler if inside else object()),
    )
    runner = SimpleNamespace(epoch=7, train_loop=SimpleNamespace(dataloader=loader))
    DistSamplerSeedHook().before_train_epoch(runner)
    assert sampler.epoch == 7


def test_a_list_of_batches_has_no_sampler():
    runner = SimpleNamespace(epoch=7, train_loop=SimpleNamespace(dataloader=[1, 2]))
    DistSamplerSeedHook().before_train_epoch(runner)
