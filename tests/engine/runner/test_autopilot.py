"""The loader that tunes itself: it finds the best setting, and changes no result."""

from __future__ import annotations

import logging
import random

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset

from mmpretrain.config import Config
from mmpretrain.engine.runner import autopilot
from mmpretrain.engine.runner.autopilot import Pilot, Setting, TunedDataLoader, measure
from mmpretrain.engine.runner.dataloader import Epoch, KeyedDataLoader
from mmpretrain.engine.runner.loader_build import build_dataloader
from mmpretrain.errors import ConfigError, DataError


def steer(cores: int, seconds) -> Pilot:
    """Let a pilot search where a batch takes ``seconds(setting)``."""
    pilot = Pilot(cores)
    for _ in range(10_000):
        if pilot.done:
            return pilot
        cost = seconds(pilot.current)
        pilot.feed(cost, cost / 2)
    raise AssertionError("it never decides")


@pytest.mark.parametrize("cores", [1, 2, 4, 16, 64])
@pytest.mark.parametrize(("load", "step"), [(0.5, 0.1), (0.02, 0.3), (0.1, 0.1), (3.0, 0.01)])
def test_the_fastest_setting_is_found(cores, load, step):
    """A model on a device of its own: loading and computing go on at the same time."""

    def seconds(setting):
        return load + step if not setting.workers else max(load / setting.workers, step) + 0.001

    pilot = steer(cores, seconds)
    everything = [Setting(workers, ahead) for workers in range(cores + 1) for ahead in (1, 2, 4, 8)]
    best = min(map(seconds, everything))
    # With 64 cores, not every number is tried.
    assert seconds(pilot.current) <= best * (1.05 if cores <= 16 else 1.35)
    assert pilot.current == pilot.best.setting


def test_processes_that_do_not_help_are_not_started():
    pilot = steer(16, lambda setting: 0.3)
    assert pilot.current == Setting(0)
    assert max(trial.setting.workers for trial in pilot.trials) < 16


@pytest.mark.parametrize(("gain", "ahead"), [(0.02, 8), (0.001, 2)])
def test_a_small_gain_is_worth_batches_ahead_but_no_processes(gain, ahead):
    def seconds(setting):
        return (1 - gain * (setting.workers > 1)) * (1 - gain * setting.prefetch / 8) + (not setting.workers)

    pilot = steer(2, seconds)
    assert pilot.current == Setting(1, ahead)


def test_more_batches_ahead_help_where_loading_is_uneven():
    pilot = steer(4, lambda setting: 1.0 if not setting.workers else 0.5 - 0.02 * setting.prefetch)
    assert pilot.current.prefetch == 8


@pytest.mark.parametrize("disturbed", [0, 1, 2])
def test_a_disturbance_during_one_trial_does_not_mislead(disturbed):
    """Something else on the machine makes the trial of a setting three times as slow: it is tried again."""
    costs = {0: 0.4, 1: 0.25, 2: 0.15}

    def seconds(setting):
        first = len(pilot.trials) == disturbed
        return costs[setting.workers] * (3 if first else 1)

    pilot = Pilot(2)
    while not pilot.done:
        cost = seconds(pilot.current)
        pilot.feed(cost, cost / 2)
    assert pilot.current.workers == 2
    assert len(pilot.trials) == 13  # at 0.6 s each


def test_the_best_are_tried_again_in_turns():
    pilot = steer(1, lambda setting: 0.3 if setting.workers else 0.5)
    tried = [trial.setting for trial in pilot.trials]
    assert tried[:2] == [Setting(0), Setting(1)]
    assert tried[2:6] == [Setting(1), Setting(0)] * 2
    assert tried[6:] == [Setting(1, 4), Setting(1, 8)] * 2
    assert [trial.setting for trial in pilot.results] == [*tried[:2], *tried[6:8]]


class Noise(Dataset):
    """Samples that show all their random draws."""

    def __init__(self, length: int = 60) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.tensor([index, random.random(), np.random.rand(), float(torch.rand(()))])


@pytest.fixture
def quick(monkeypatch):
    """Settings change every other batch."""
    monkeypatch.setattr(autopilot, "TRIAL_SECONDS", 0.0)
    monkeypatch.setattr(autopilot, "TRIAL_BATCHES", 1)
    monkeypatch.setattr(autopilot, "usable_cores", lambda: 2)


def loader(**options):
    sampler = dict(type="DefaultSampler", shuffle=True)
    return build_dataloader(
        dict(dataset=Noise(), batch_size=2, sampler=sampler, collate_fn="default_collate", **options), seed=3
    )


def batches(source, *epochs: Epoch) -> list[torch.Tensor]:
    found = []
    for epoch in epochs:
        source.sampler.set_epoch(epoch.number)
        found += list(source.over(epoch))
    return found


@pytest.mark.parametrize("lasting", [True, False])
def test_results_stay_the_same(quick, lasting):
    epochs = (Epoch(0), Epoch(1, 3), Epoch(2))
    tuned = loader(tune="auto", persistent_workers=lasting)
    assert isinstance(tuned, TunedDataLoader)
    got, expected = batches(tuned, *epochs), batches(loader(), *epochs)
    assert len(tuned.pilot.trials) >= 3
    assert len(got) == len(expected) == 30 + 27 + 30
    assert all(torch.equal(one, other) for one, other in zip(got, expected))
    tuned.restart_workers()


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("options", [{"timeout": 60}, {"multiprocessing_context": "fork"}], ids=str)
def test_settings_of_workers_do_not_hinder_trials_without_them(quick, options, workers):
    tuned = loader(tune="auto", num_workers=workers, **options)
    got, expected = batches(tuned, Epoch(0)), batches(loader(), Epoch(0))
    assert {trial.setting.workers for trial in tuned.pilot.trials} >= {0, 1}
    assert all(torch.equal(one, other) for one, other in zip(got, expected, strict=True))


def test_a_batch_may_be_none(quick):
    sampler = dict(type="DefaultSampler", shuffle=False)
    cfg = dict(dataset=Noise(), batch_size=2, sampler=sampler, collate_fn=lambda items: None, tune="auto")
    assert batches(build_dataloader(cfg, seed=3), Epoch(0)) == [None] * 30


def test_it_says_what_it_chose(quick, caplog, monkeypatch):
    monkeypatch.setattr(autopilot.get_logger(), "propagate", True)
    with caplog.at_level(logging.INFO):
        batches(loader(tune="auto"), *map(Epoch, range(4)))
    text = caplog.text
    assert "a sample takes" in text
    assert "collating 2 of them" in text
    assert "from batch to batch" in text
    assert "Tried: num_workers=0:" in text


class WithCache(Noise):
    """A data set that could keep its pixels."""

    asked = 0

    def cache_if_it_fits(self) -> bool:
        self.asked += 1
        return True


@pytest.mark.parametrize(("waiting", "asked"), [(0.5, 1), (0.01, 0)])
def test_a_cache_is_added_where_training_waits(quick, waiting, asked):
    data = WithCache()
    tuned = build_dataloader(
        dict(dataset=data, batch_size=2, sampler=dict(type="DefaultSampler", shuffle=False), tune="auto"),
        seed=3,
    )
    pilot = tuned.pilot
    feed = pilot.feed
    pilot.feed = lambda seconds, waited: feed(1.0, waiting)
    assert len(batches(tuned, *map(Epoch, range(4)))) == 120
    assert data.asked == asked


def test_an_order_that_cannot_be_repeated_is_left_alone(quick):
    tuned = build_dataloader(dict(dataset=Noise(), batch_size=2, shuffle=True, tune="auto"), seed=3)
    assert len(list(tuned.over(Epoch(0)))) == 30
    assert not tuned.pilot.trials


def test_measuring_leaves_no_trace():
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    costs = measure(Noise(), list, 4)
    assert costs.sample > 0
    assert costs.decode is None
    drawn = random.random(), np.random.rand(), float(torch.rand(()))
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    assert drawn == (random.random(), np.random.rand(), float(torch.rand(())))

    class Broken(Noise):
        def __getitem__(self, index):
            raise DataError("a broken image")

    assert measure(Broken(), list, 4) is None


def test_settings():
    with pytest.raises(ConfigError, match="tune must be 'auto' or None, got 'fast'"):
        loader(tune="fast")
    assert type(loader(tune=None)) is KeyedDataLoader
    from mmpretrain.cli import overrides

    cfg = Config(
        dict(train_dataloader=dict(dataset=dict(type="A")), val_dataloader=dict(dataset=dict(type="B")))
    )
    overrides.tune_loader(cfg)
    overrides.set_cache(cfg, "ram", "8GB", ("train", "val"))
    assert cfg.train_dataloader.tune == "auto"
    assert cfg.val_dataloader.dataset == dict(type="B", cache="ram", cache_size="8GB")
