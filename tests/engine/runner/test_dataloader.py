"""Tests of :mod:`mmpretrain.engine.runner.dataloader`."""

from __future__ import annotations

import multiprocessing
import random

import numpy as np
import pytest
import torch

from mmpretrain.engine.runner.dataloader import Epoch, start_epoch
from mmpretrain.engine.runner.loader_build import build_dataloader
from mmpretrain.utils.seeding import seed_everything
from tests.engine import tiny
from tests.engine.runner.loader_cases import batches, same


def test_augmentation_does_not_depend_on_the_batch():
    """A sample is augmented the same way, whatever comes before it."""

    def by_sample(**changes):
        loader = build_dataloader({**tiny.loader(), **changes}, seed=3)
        found = {}
        for batch in start_epoch(loader, 4):
            found.update({index: x for x, (index, _) in zip(batch["inputs"], batch["data_samples"])})
        return found

    a = by_sample()
    b = by_sample(batch_size=7, sampler=dict(type="DefaultSampler", shuffle=False))
    assert all(torch.equal(a[index], b[index]) for index in range(32))


def test_epochs_and_seeds_differ():
    loader = build_dataloader(tiny.loader(shuffle=False), seed=3)
    other = build_dataloader(tiny.loader(shuffle=False), seed=4)
    assert not same(batches(loader, 0), batches(loader, 1))
    assert not same(batches(loader, 0), batches(other, 0))


@pytest.mark.parametrize("workers", [0, 2])
def test_skipping_gives_the_rest(workers):
    loader = build_dataloader(tiny.loader(workers=workers), seed=3)
    assert same(batches(loader, 1, 3), batches(loader, 1)[3:])


def test_repeated_samples_are_augmented_anew():
    cfg = {**tiny.loader(), "sampler": dict(type="RepeatAugSampler", num_repeats=3, shuffle=True)}
    loader = build_dataloader(cfg, seed=3)
    seen: dict[int, list] = {}
    for batch in start_epoch(loader, 0):
        for x, (index, _) in zip(batch["inputs"], batch["data_samples"]):
            seen.setdefault(index, []).append(x)
    repeated = [views for views in seen.values() if len(views) > 1]
    assert repeated
    assert not any(torch.equal(views[0], views[1]) for views in repeated)


def test_the_generators_of_the_main_process_are_left_alone():
    loader = build_dataloader(tiny.loader(), seed=3)
    seed_everything(5)
    before = random.random(), np.random.rand(), float(torch.rand(()))
    seed_everything(5)
    batches(loader)
    assert before == (random.random(), np.random.rand(), float(torch.rand(())))


def test_workers_see_a_changed_data_set_after_a_restart():
    loader = build_dataloader(tiny.loader(workers=1, shuffle=False), seed=3)
    noisy = batches(loader)
    loader.dataset.noise = 0.0
    loader.restart_workers()
    clean = batches(loader)
    assert not same(noisy, clean)
    assert torch.equal(clean[0], loader.dataset.points[:4])


def test_a_run_ends_its_workers(make_runner):
    """Left to the garbage collector, each would take five seconds."""
    runner = make_runner(train_dataloader=tiny.loader(workers=2))
    before = set(multiprocessing.active_children())
    runner.train()
    assert runner.train_dataloader._inner._iterator is None
    assert set(multiprocessing.active_children()) <= before


def test_an_epoch_does_not_change_under_way():
    """What an iterator gives is settled when it is made, whatever is asked of the loader meanwhile."""
    loader = build_dataloader(tiny.loader(16, 4), seed=0)
    expected = [batch["data_samples"] for batch in loader.over(Epoch(1, 2))]
    stream = loader.over(Epoch(1, 2))
    first = next(stream)["data_samples"]
    with loader.second_pass():
        assert len(list(loader.over(Epoch(3)))) == 4
    assert [first, *(batch["data_samples"] for batch in stream)] == expected
    assert len(expected) == 2
