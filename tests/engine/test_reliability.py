"""What happens when something goes wrong."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import IO, cast

import pytest
import torch

from mmpretrain.checkpoints import serialization
from mmpretrain.checkpoints.store import CheckpointStore
from mmpretrain.config import Config
from mmpretrain.engine.hooks import Hook, invalid_loss
from mmpretrain.errors import CheckpointError, DataError, TrainingError
from mmpretrain.registry import VISBACKENDS
from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.logging import get_logger
from tests.engine import tiny
from tests.engine.test_resume import build, spawn

# -- files are whole --------------------------------------------------------------------------------


def test_a_save_interrupted_at_any_byte_leaves_the_previous_file(tmp_path):
    path = tmp_path / "epoch_1.pth"
    serialization.save({"epoch": 1, "weights": torch.zeros(200)}, path)
    size = path.stat().st_size

    class DiesAfter:
        def __init__(self, file, count):
            self.file, self.left = file, count

        def write(self, data):
            data = bytes(data)
            self.file.write(data[: self.left])
            self.left -= len(data)
            if self.left <= 0:
                self.file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
            return len(data)

        def __getattr__(self, name):
            return getattr(self.file, name)

    new = {"epoch": 2, "weights": torch.ones(200)}
    for count in range(1, size, size // 25):
        child = os.fork()
        if child == 0:
            write_atomic(
                path,
                lambda file: torch.save(new, cast(IO[bytes], DiesAfter(file, count))),  # noqa: B023
            )
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status == -signal.SIGKILL
        serialization.verify(path)
        assert serialization.load(path)["epoch"] == 1
    serialization.save(new, path)
    assert serialization.load(path)["epoch"] == 2


def test_a_failed_save_leaves_nothing_behind(tmp_path):
    def write(file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_atomic(tmp_path / "a.pth", write)
    assert not list(tmp_path.iterdir())


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
    assert "Training goes on" in log
    assert (tmp_path / "last_checkpoint").read_text() == str(tmp_path / "iter_16.pth")
    serialization.verify(tmp_path / "iter_16.pth")
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting is not permitted here; the test above has a limit in place of a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> None:
    with open(disk / "filler", "wb", buffering=0) as file:
        for size in (4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))


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


def test_tensorboard_goes_on_when_the_disk_has_space_again(small_disk):
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    backend = VISBACKENDS.build(dict(type="TensorboardVisBackend", save_dir=str(small_disk / "work")))
    backend.add_scalar("loss", 1.0, 0)
    fill(small_disk)
    for step in range(1, 200):
        with contextlib.suppress(OSError):
            backend.add_scalar("loss", 1.0, step)
    with pytest.raises(OSError, match="No space left"):
        backend.add_scalar("loss", 1.0, 200)
    (small_disk / "filler").unlink()
    backend.add_scalar("loss", 2.0, 201)
    backend.close()
    events = accumulators.EventAccumulator(str(small_disk / "work"))
    events.Reload()
    steps = [event.step for event in events.Scalars("loss")]
    assert steps == [*range(len(steps) - 1), 201]


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "gone"])
def test_auto_resume_passes_over_a_damaged_file(tmp_path, damage, caplog):
    build(tmp_path, interval=8).train()
    newest = tmp_path / "iter_24.pth"
    data = bytearray(newest.read_bytes())
    if damage == "cut":
        newest.write_bytes(data[: len(data) // 2])
    elif damage == "flipped":
        place = data.index(b"running_mean")
        data[place + 3] ^= 0xFF
        newest.write_bytes(data)
    elif damage == "empty":
        newest.write_bytes(b"")
    else:
        newest.unlink()
    runner = build(tmp_path, resume=True, interval=8, log_level="INFO")
    with caplog.at_level("INFO", logger="mmpretrain"):
        runner.logger.propagate = True
        runner.train()
    assert "iter_24.pth" in caplog.text
    assert f"Auto-resuming from {tmp_path / 'iter_16.pth'}" in caplog.text
    assert runner.iter == 24


@pytest.mark.parametrize(
    "pointer", [b"", bytes(60), b"\xff\xfe\x80", b"x" * 5000, b"/elsewhere/iter_99.pth", None],
    ids=["empty", "zeros", "bytes", "long", "dangling", "missing"],
)  # fmt: skip
def test_auto_resume_without_a_usable_pointer(tmp_path, pointer, caplog):
    """The newest file by time is taken; a published copy, though newer, is none to go on from."""
    store = CheckpointStore(tmp_path)
    for name, content in (("a", {"optimizer": {}}), ("b", {"optimizer": {}}), ("b-0a1b2c3d", {})):
        serialization.save(content, tmp_path / f"{name}.pth")
        os.utime(tmp_path / f"{name}.pth", (len(name), ord(name[0])))
    if pointer is not None:
        (tmp_path / "last_checkpoint").write_bytes(pointer)
    with caplog.at_level("WARNING", logger="mmpretrain"):
        get_logger().propagate = True
        assert store.latest() == str(tmp_path / "b.pth")
    assert ("last_checkpoint" in caplog.text) == (pointer is not None)


def test_half_written_files_are_swept_up(tmp_path):
    leftover = tmp_path / ".epoch_1.pth.123.tmp"
    leftover.write_bytes(b"half")
    build(tmp_path).train()
    assert not leftover.exists()


# -- data, losses, ranks ----------------------------------------------------------------------------


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
    assert time.monotonic() - began < 30


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


class Poison(Hook):
    """Makes the weights NaN before an iteration, or in its step."""

    priority = "VERY_HIGH"

    def __init__(self, at, point="before_train_iter"):
        def poison(runner, **kwargs):
            if runner.iter == at:
                runner.model.head.weight.data.fill_(float("nan"))

        setattr(self, point, poison)


@pytest.mark.parametrize(("device", "unseen"), [(False, 50), (True, 50), (True, 3)])
def test_a_loss_that_is_nan_names_the_batch_and_the_last_good_checkpoint(
    make_runner, monkeypatch, device, unseen
):
    """On a device it is noticed later, but nothing is saved until then."""
    monkeypatch.setattr(invalid_loss, "waits_for_device", lambda loss: device)
    monkeypatch.setattr(invalid_loss, "MOST_UNSEEN", unseen)

    class Sample(tuple):
        @property
        def img_path(self):
            return f"images/{self[0]}.png"

    class WithPaths(tiny.NoisyVectors):
        def __getitem__(self, index):
            item = super().__getitem__(index)
            return {**item, "data_samples": Sample(item["data_samples"])}

    runner = make_runner(train_dataloader={**tiny.loader(shuffle=False), "dataset": WithPaths()})
    runner.register_hook(Poison(9))
    with pytest.raises(TrainingError) as info:
        runner.train()
    assert runner.iter == {(False, 50): 9, (True, 50): 16, (True, 3): 10}[device, unseen]
    text = str(info.value)
    assert "nan at iteration 10 (epoch 2, batch 2)" in text
    assert "images/4.png, images/5.png, images/6.png, images/7.png" in text
    assert str(Path(runner.work_dir, "epoch_1.pth")) in text


def test_weights_that_are_nan_are_not_saved(make_runner):
    """The last step before a checkpoint goes wrong, after a loss that was finite."""
    runner = make_runner()
    runner.register_hook(Poison(15, "after_train_iter"))
    with pytest.raises(TrainingError, match=r"head\.weight are not finite after iteration 16.*epoch_1\.pth"):
        runner.train()
    assert not Path(runner.work_dir, "epoch_2.pth").exists()


def test_resuming_without_optimizer_says_so(make_runner, tmp_path):
    hooks = dict(checkpoint=dict(type="CheckpointHook", save_optimizer=False))
    make_runner(default_hooks=hooks).train()
    runner = make_runner(resume=True)
    with pytest.raises(CheckpointError, match="has no optimizer"):
        runner.train()


def test_spawned_runs_report_failure(tmp_path):
    child = spawn(tmp_path, model=torch.nn.Identity())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
