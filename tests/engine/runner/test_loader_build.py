"""Tests of :mod:`mmpretrain.engine.runner.loader_build`."""

from __future__ import annotations

import multiprocessing
import os
import pickle

import cv2
import pytest
import torch

from mmpretrain.engine.runner import loader_build
from mmpretrain.engine.runner.dataloader import KeyedDataLoader, start_epoch
from mmpretrain.engine.runner.loader_build import build_dataloader
from mmpretrain.utils.env import Inherited, apply_switches, usable_cores
from tests.engine import tiny
from tests.engine.runner.loader_cases import batches, same


def test_augmentation_does_not_depend_on_workers():
    loaders = [build_dataloader(tiny.loader(workers=workers), seed=3) for workers in (0, 1, 2)]
    first, *others = [batches(loader) for loader in loaders]
    assert all(same(first, other) for other in others)


def test_a_loader_from_elsewhere_works_too():
    loader = torch.utils.data.DataLoader(list(range(10)), batch_size=2)
    assert build_dataloader(loader) is loader
    assert [batch.tolist() for batch in start_epoch(loader, 0, 3)] == [[6, 7], [8, 9]]


def test_it_looks_like_an_ordinary_loader():
    cfg = tiny.loader(num_batch_per_epoch=2)
    loader = build_dataloader(cfg, seed=0)
    assert isinstance(loader, KeyedDataLoader)
    assert isinstance(loader, torch.utils.data.DataLoader)
    assert not issubclass(KeyedDataLoader, torch.utils.data.DataLoader)
    assert len(loader) == 2
    assert (loader.batch_size, loader.num_workers, loader.drop_last) == (4, 0, False)
    assert type(loader.sampler).__name__ == "DefaultSampler"
    assert not hasattr(loader, "no_such_attribute")
    assert loader.dataset.metainfo == tiny.NoisyVectors.metainfo
    assert build_dataloader(tiny.loader(drop_last=True), seed=0).batch_size == 4


def test_settings_of_workers_are_idle_without_workers():
    cfg = dict(dataset=list(range(4)), batch_size=2, collate_fn="default_collate")
    for more in (dict(timeout=9), dict(multiprocessing_context="fork"), dict(prefetch_factor=4)):
        loader = build_dataloader({**cfg, **more, "num_workers": 0}, seed=0)
        assert [batch.tolist() for batch in loader] == [[0, 1], [2, 3]]


def test_no_more_workers_than_cores(monkeypatch, caplog):
    monkeypatch.setattr(loader_build, "usable_cores", lambda: 2)
    loader_build._no_more_than_cores.cache_clear()
    with caplog.at_level("INFO"):
        loaders = [build_dataloader(tiny.loader(workers=workers), seed=0) for workers in (0, 1, 2, 5, 5)]
    assert [loader.num_workers for loader in loaders] == [0, 1, 2, 2, 2]
    assert [record.message for record in caplog.records] == [
        "num_workers=5 is more than the 2 CPU cores here: 2 are used."
    ]


def test_cores_that_a_job_may_use(monkeypatch):
    if hasattr(os, "sched_getaffinity"):
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 4, 5})
        assert usable_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


class Switches(torch.utils.data.Dataset):
    """Shows what a worker was told."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> dict:
        return {"switches": str(Inherited.of_this_process())}


@pytest.fixture
def one_opencv_thread():
    before = cv2.getNumThreads()
    apply_switches({"mp_cfg": {"opencv_num_threads": 1}})
    yield
    cv2.setNumThreads(before)


def test_workers_get_the_switches_of_the_run(one_opencv_thread, monkeypatch):
    monkeypatch.setattr(loader_build.os, "setpgrp", lambda: None)
    start = pickle.loads(pickle.dumps(build_dataloader(tiny.loader(workers=1)).worker_init_fn))
    cv2.setNumThreads(2)
    start(0)
    assert cv2.getNumThreads() == 1


@pytest.mark.slow
def test_spawned_workers_do_as_well(one_opencv_thread):
    """Forked ones need nothing, as the allocator and OpenCV are copied with the process."""
    cfg = {"dataset": Switches(), "batch_size": 1, "num_workers": 1}
    data = build_dataloader({**cfg, "multiprocessing_context": multiprocessing.get_context("spawn")})
    (batch,) = data
    assert batch["switches"] == [str(Inherited.of_this_process())]
    assert "opencv_threads=1" in batch["switches"][0]
