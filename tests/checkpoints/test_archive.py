"""A new run in the folder of an earlier one: nothing is lost, at whatever moment it is killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from mmpretrain.checkpoints import archive
from mmpretrain.checkpoints.archive import is_between_runs, make_room, make_room_remotely
from mmpretrain.checkpoints.run_folder import Best, Record, RunFolder
from mmpretrain.errors import ConfigError

FIRST, SECOND, THIRD = "20260101_000000", "20260102_000000", "20260103_000000"
FILES = ("epoch_1.pth", "epoch_2.pth", "best_acc_epoch_1.pth", "interrupted.pth", "last_checkpoint", "cfg.py")


def fill(folder: Path, record: bool = True) -> dict[str, str]:
    """Leave what a run leaves; return the contents of its files."""
    for name in FILES:
        (folder / name).write_text(f"first {name}")
    (folder / FIRST / "vis_data").mkdir(parents=True)
    (folder / FIRST / f"{FIRST}.log").write_text("log")
    (folder / "notes.txt").write_text("mine")
    (folder / "pretrained.pth").write_text("mine")
    if record:
        best = Best("acc", 98.59, "greater", "best_acc_epoch_1.pth", 1, 8)
        RunFolder(folder).write_record(Record(FIRST, (best,), ("cfg.py",)))
    return {name: f"first {name}" for name in FILES}


def contents(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text() for name in FILES if (folder / name).exists()}


@pytest.mark.parametrize("record", [True, False], ids=["with a record", "as 1.x left it"])
def test_files_go_into_the_folder_of_their_run(tmp_path, record):
    expected = fill(tmp_path, record)
    (tmp_path / SECOND).mkdir()
    assert make_room(tmp_path, SECOND, config="cfg.py") == tmp_path / FIRST
    assert contents(tmp_path / FIRST) == expected
    assert not contents(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == (tmp_path / "pretrained.pth").read_text() == "mine"
    assert [run.path.name for run in RunFolder(tmp_path).earlier()] == [FIRST]
    if record:
        assert RunFolder(tmp_path / FIRST).choose().why == "best acc = 98.5900 (greater is better)"
        assert "98.59" in RunFolder(tmp_path).earlier_in_words()
    assert make_room(tmp_path, SECOND) is None  # nothing is left to move


def test_three_runs_have_three_folders(tmp_path):
    fill(tmp_path)
    make_room(tmp_path, SECOND)
    (tmp_path / "epoch_1.pth").write_text("second")
    make_room(tmp_path, THIRD)
    assert (tmp_path / FIRST / "epoch_1.pth").read_text() == "first epoch_1.pth"
    assert (tmp_path / SECOND / "epoch_1.pth").read_text() == "second"


def test_runs_of_the_same_second_do_not_mix(tmp_path):
    fill(tmp_path)
    target = make_room(tmp_path, FIRST)
    assert target not in (None, tmp_path / FIRST)
    assert RunFolder(tmp_path).record() == Record(FIRST)


def test_a_name_that_is_taken_is_not_overwritten(tmp_path):
    fill(tmp_path)
    (tmp_path / FIRST / "epoch_1.pth").write_text("precious")
    make_room(tmp_path, SECOND)
    assert (tmp_path / FIRST / "epoch_1.pth").read_text() == "precious"
    assert (tmp_path / FIRST / "epoch_1_1.pth").read_text() == "first epoch_1.pth"


def test_the_config_that_the_new_run_was_started_with_stays(tmp_path):
    fill(tmp_path)
    make_room(tmp_path, SECOND, config="cfg.py", keep=str(tmp_path / "cfg.py"))
    assert (tmp_path / "cfg.py").read_text() == (tmp_path / FIRST / "cfg.py").read_text() == "first cfg.py"


def test_a_kill_at_any_moment(tmp_path):
    """After each number of system calls that change something, the next call continues to the same end."""
    for number in range(30):
        folder = tmp_path / str(number)
        folder.mkdir()
        expected = fill(folder)
        child = os.fork()
        if child == 0:
            left = number

            def dying(function):
                def call(*args, **kwargs):
                    nonlocal left
                    if left == 0:
                        os.kill(os.getpid(), signal.SIGKILL)
                    left -= 1
                    return function(*args, **kwargs)

                return call

            for name in ("rename", "replace", "mkdir", "open"):
                setattr(os, name, dying(getattr(os, name)))
            make_room(folder, SECOND, config="cfg.py")
            os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
        together = contents(folder) | contents(folder / FIRST)
        assert together == expected
        assert is_between_runs(folder) or contents(folder) in ({}, expected)
        make_room(folder, THIRD, config="cfg.py")
        assert contents(folder / FIRST) == expected
        if not killed:
            return
    raise AssertionError("30 steps did not suffice")


def test_a_move_that_fails_stops_the_run(tmp_path, monkeypatch):
    fill(tmp_path)

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(archive.os, "rename", refuse)
    with pytest.raises(ConfigError, match=r"cannot be moved.*Permission denied"):
        make_room(tmp_path, SECOND)


def test_a_folder_that_leads_outside_is_not_used(tmp_path):
    work, outside = tmp_path / "work", tmp_path / "outside"
    work.mkdir()
    outside.mkdir()
    (work / "epoch_1.pth").write_text("x")
    (work / FIRST).symlink_to(outside)
    RunFolder(work).write_record(Record(FIRST))
    target = make_room(work, SECOND)
    assert target is not None
    assert (target / "epoch_1.pth").is_file()
    assert not list(outside.iterdir())


def test_remote_folders(tmp_path):
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe({"/shelf/work/model_1.pth": b"x", "/shelf/work/other.pth": b"y"})
    make_room_remotely("memory://shelf/work", SECOND, [r"model_[0-9]+\.pth"])
    assert memory.find("/shelf") == [
        "/shelf/work/before_20260102_000000/model_1.pth",
        "/shelf/work/other.pth",
    ]
    make_room_remotely("memory://shelf/nothing", SECOND, [])
