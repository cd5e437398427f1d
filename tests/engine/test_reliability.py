"""What happens when something goes wrong."""

from __future__ import annotations

import os
import re
import resource
import time

import pytest
import torch

from mmpretrain.checkpoints import serialization
from mmpretrain.config import Config
from mmpretrain.engine.hooks import Hook
from mmpretrain.errors import CheckpointError, DataError, TrainingError
from tests.engine import tiny
from tests.engine.disks import fill
from tests.engine.runner.test_checkpoint import build, spawn


def test_full_disk_keeps_training_alive(tmp_path):
    """A limit on the size of files stands in for the disk; the write fails in the same place."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            runner = build(tmp_path, log_level="INFO", interval=8)

            class FillDisk(Hook):
                def after_train_epoch(self, runner):
                    if runner.epoch == 1:
                        limit = os.path.getsize(runner.state.log_path) + 2500
                        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

            runner.register_hook(FillDisk(), priority="LOWEST")
            runner.train()
            status = 0 if runner.iter == 24 else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    log = next(tmp_path.glob("*/*.log")).read_text()
    assert "could not be written" in log
    assert "Training continues" in log
    assert (tmp_path / "last_checkpoint").read_text() == str(tmp_path / "iter_16.pth")
    serialization.verify(tmp_path / "iter_16.pth")
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize(
    ("point", "missing"),
    [
        ("before_run", ["copy of the config", "epoch_1.pth"]),
        ("after_train", ["published copy"]),
    ],
)
def test_a_disk_that_stays_full(small_disk, capsys, point, missing):
    class FillDisk(Hook):
        priority = "HIGHEST"

    setattr(FillDisk, point, lambda self, runner: fill(small_disk))
    trace = dict(type="ProfilerHook", json_trace_path=str(small_disk / "trace.json"))
    hook = dict(type="CheckpointHook", published_keys=["meta", "state_dict"], interval=1)
    runner = tiny.make_runner(
        work_dir=str(small_disk / "work"),
        default_hooks=dict(checkpoint=hook),
        custom_hooks=[trace],
        cfg=Config(dict(device="cpu")),
    )
    runner.register_hook(FillDisk())
    runner.train()
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    for what in missing:
        assert re.search(f"{what}.* could not be written .*No space left", said.out), what


def test_a_disk_without_a_byte_left_keeps_training_alive(small_disk, capsys):
    """Checkpoints, the text log, the tables and TensorBoard have no place; later they have."""

    class FillDisk(Hook):
        priority = "LOWEST"

        def after_train_epoch(self, runner):
            if runner.epoch == 1:
                fill(small_disk)
            elif runner.epoch == 50:
                (small_disk / "filler").unlink()

    backends = [dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")]
    runner = tiny.make_runner(
        work_dir=str(small_disk / "work"),
        train_cfg=dict(by_epoch=True, max_epochs=60, val_interval=10),
        default_hooks=dict(
            logger=dict(type="LoggerHook", interval=1),
            checkpoint=dict(type="CheckpointHook", interval=1, max_keep_ckpts=2, save_best="acc"),
        ),
        visualizer=dict(type="Visualizer", vis_backends=backends),
    )
    runner.register_hook(FillDisk())
    runner.train()
    said = capsys.readouterr()
    assert "epoch_3.pth could not be written" in said.out
    assert said.out.count("CsvSink cannot write the numbers") == 1
    assert said.err.count("cannot be written") == 1
    assert "Traceback" not in said.err
    work = small_disk / "work"
    assert (work / "last_checkpoint").read_text() == str(work / "epoch_60.pth")
    assert {"epoch_59.pth", "epoch_60.pth"} == {path.name for path in work.glob("epoch_*.pth")}
    for path in work.glob("*.pth"):
        serialization.verify(path)


class Dying(tiny.NoisyVectors):
    def __getitem__(self, index):
        if index == 5:
            os._exit(3)
        return super().__getitem__(index)


class Broken(tiny.NoisyVectors):
    def __getitem__(self, index):
        if index == 5:
            raise DataError("no image", where="a/b.jpg", hint="Remove it.")
        return super().__getitem__(index)


def test_a_worker_that_dies_ends_the_run_at_once(make_runner):
    runner = make_runner(train_dataloader={**tiny.loader(workers=1), "dataset": Dying()})
    began = time.monotonic()
    with pytest.raises(TrainingError, match="data worker has died"):
        runner.train()
    assert time.monotonic() - began < 300


def test_a_worker_may_die_while_it_hands_a_batch_over(make_runner, monkeypatch):
    def broken_off(*_):
        raise ConnectionResetError(104, "Connection reset by peer")

    runner = make_runner(train_dataloader={**tiny.loader(workers=1), "dataset": tiny.NoisyVectors()})
    monkeypatch.setattr("torch.utils.data.dataloader._MultiProcessingDataLoaderIter._get_data", broken_off)
    with pytest.raises(TrainingError, match=r"data worker has died .*Connection reset"):
        runner.train()


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_in_the_data_stays_one_sentence(make_runner, workers):
    runner = make_runner(train_dataloader={**tiny.loader(workers=workers), "dataset": Broken()})
    with pytest.raises(DataError) as info:
        runner.train()
    assert str(info.value) == "a/b.jpg: no image. Remove it."


def test_resuming_without_optimizer_says_so(make_runner, tmp_path):
    hooks = dict(checkpoint=dict(type="CheckpointHook", save_optimizer=False))
    make_runner(default_hooks=hooks).train()
    runner = make_runner(resume=True)
    with pytest.raises(CheckpointError, match="has no optimizer"):
        runner.train()


def test_spawned_runs_report_failure(tmp_path):
    child = spawn(tmp_path, model=torch.nn.Identity())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
