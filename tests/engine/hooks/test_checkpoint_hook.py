"""Which files CheckpointHook keeps, removes and names: its own, whatever a checkpoint says."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from mmpretrain.checkpoints import serialization
from mmpretrain.engine.hooks import CheckpointHook
from mmpretrain.engine.runner import Runner
from mmpretrain.errors import CheckpointError
from tests.engine import tiny

HOOK = dict(type="CheckpointHook", interval=1, max_keep_ckpts=2, save_best="acc")


def make(work: Path, epochs: int = 3, hook: dict | None = None, **changes) -> Runner:
    hooks = dict(checkpoint=dict(HOOK, **(hook or {})), logger=None)
    changes.setdefault("log_level", "ERROR")
    return tiny.make_runner(
        work_dir=str(work), train_cfg=dict(max_epochs=epochs), default_hooks=hooks, **changes
    )


def tamper(path: Path, change) -> None:
    content = serialization.load(path)
    change(content)
    serialization.save(content, path)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name.endswith(".pth")}


# -- a checkpoint deletes nothing -------------------------------------------------------------------


def odd_names(outside: Path, work: Path) -> list:
    """Ways to name a file that is not this run's."""
    return [
        str(outside / "epoch_1.pth"), os.path.relpath(outside / "epoch_1.pth", work),
        str(outside), ".", "", 7,
        r"..\outside\epoch_1.pth", "C:epoch_1.pth", "notes.txt", ".hidden", "epoch_0.pth", "epoch_00.pth",
        os.fsencode(outside / "epoch_1.pth"), "best_acc_epoch_0.pth", "NUL", None,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def one_epoch(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "work"
    make(folder, epochs=1).train()
    return folder


@pytest.mark.parametrize("field", ["kept", "doomed", "best", "best_ckpt"])
def test_a_checkpoint_cannot_name_files_to_delete(tmp_path, one_epoch, field):
    work, outside = tmp_path / "work", tmp_path / "outside"
    shutil.copytree(one_epoch, work)
    outside.mkdir()
    for name in ("epoch_1.pth", "index.pth"):
        (outside / name).write_bytes(b"precious")
    for name in ("notes.txt", ".hidden"):
        (work / name).write_text("precious")
    (work / "epoch_0.pth").symlink_to(outside / "epoch_1.pth")
    (work / "epoch_00.pth").symlink_to(outside)
    (work / "best_acc_epoch_0.pth").symlink_to(outside / "epoch_1.pth")
    values = odd_names(outside, work)

    def change(content):
        state = content["hooks"]["CheckpointHook"]
        info = content["message_hub"]["runtime_info"]
        info["best_score"] = -1.0
        if field == "best_ckpt":
            info.update({f"best_ckpt_{number}": value for number, value in enumerate(values)})
            info["best_ckpt"] = values[0]
        elif field == "best":
            state["best"] = {f"acc{number}": value for number, value in enumerate(values)}
            state["best"]["acc"] = values[0]
        else:
            state[field] = values

    tamper(work / "epoch_1.pth", change)
    (work / "run.json").unlink()
    make(work, resume=True).train()
    assert {path.read_bytes() for path in outside.iterdir()} == {b"precious"}
    assert (work / "notes.txt").read_text() == (work / ".hidden").read_text() == "precious"
    assert (work / "epoch_3.pth").is_file()


def test_publishing_stays_in_the_folder(tmp_path):
    work, outside = tmp_path / "work", tmp_path / "outside"
    make(work, epochs=1).train()
    outside.mkdir()
    shutil.copy(work / "epoch_1.pth", outside / "epoch_1.pth")

    def change(content):
        content["hooks"]["CheckpointHook"]["saved_at"] = "../../outside/epoch_1"
        content["message_hub"]["runtime_info"]["last_ckpt"] = str(outside / "epoch_1.pth")

    tamper(work / "epoch_1.pth", change)
    with pytest.raises(CheckpointError, match="not as a run writes it"):
        make(work, epochs=1, hook=dict(published_keys=["state_dict"]), resume=True).train()
    assert names(outside) == {"epoch_1.pth"}


@pytest.mark.parametrize("how", [shutil.copytree, shutil.move])
def test_a_copied_or_moved_folder_is_a_run_of_its_own(tmp_path, how):
    """The original is not touched, and the copy keeps and removes its own files."""
    original, copy = tmp_path / "original", tmp_path / "copy"
    make(original, epochs=2).train()
    before = {path.name: path.stat().st_mtime_ns for path in original.iterdir()}
    how(original, copy)
    runner = make(copy, epochs=4, resume=True)
    runner.train()
    assert runner.state.resumed_from == str(copy / "epoch_2.pth")
    assert names(copy) - {Path(str(runner.state.best_checkpoint)).name} == {"epoch_3.pth", "epoch_4.pth"}
    assert Path(str(runner.state.best_checkpoint)).parent == copy
    if original.exists():
        assert {path.name: path.stat().st_mtime_ns for path in original.iterdir()} == before


def test_resuming_elsewhere_leaves_both_folders_whole(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    make(first, epochs=2).train()
    held = names(first)
    runner = make(second, epochs=3, resume=True, load_from=str(first / "epoch_2.pth"))
    runner.train()
    assert names(first) == held
    assert "epoch_3.pth" in names(second)
    assert runner.state.best_checkpoint is None or Path(runner.state.best_checkpoint).parent == second


# -- killed between two steps -----------------------------------------------------------------------


def test_what_a_killed_process_could_not_remove_is_removed_later(tmp_path, monkeypatch):
    """The pointer is written, and the process dies before the oldest checkpoint is removed."""
    work = tmp_path / "work"
    runner = make(work, epochs=3)
    monkeypatch.setattr(runner.store, "remove", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    assert "epoch_1.pth" in names(work)
    runner = make(work, epochs=5, resume=True)
    runner.train()
    best = Path(str(runner.state.best_checkpoint)).name
    assert names(work) == {"epoch_4.pth", "epoch_5.pth", best}


def test_the_best_of_before_the_kill_stays_the_best(tmp_path):
    """It was saved after the checkpoint from which the run continues; a worse one does not replace it."""
    work = tmp_path / "work"
    make(work, epochs=2, hook=dict(max_keep_ckpts=-1)).train()
    record = json.loads((work / "run.json").read_text())
    shutil.copy(work / record["best"][0]["file"], work / "best_acc_epoch_9.pth")
    record["best"][0].update(file="best_acc_epoch_9.pth", value=101.0)
    (work / "run.json").write_text(json.dumps(record))
    runner = make(work, epochs=3, resume=True)
    runner.train()
    assert runner.state.best_score == 101.0
    assert runner.state.best_checkpoint == str(work / "best_acc_epoch_9.pth")
    hub = serialization.load(work / "epoch_3.pth")["message_hub"]["runtime_info"]
    assert hub["best_score"] == 101.0


@pytest.mark.parametrize(
    ("values", "margin", "rule", "best"),
    [
        ([90, 99, 98, 97, 96], 0.0, "greater", 2),
        ([90, 99, 98, 97, 96], 2.0, "greater", 4),
        ([90, 99, 90, 98, 96], 1.0, "greater", 4),
        ([50, 50, 50, 50, 50], 0.0, "greater", 1),
        ([50, 50, 50, 50, 50], 0.1, "greater", 5),
        ([3, 1, 2, 1.4, 1.6], 0.5, "less", 4),
    ],
)
@pytest.mark.parametrize("resumed", [False, True])
def test_a_later_checkpoint_of_nearly_the_best_value(
    tmp_path, monkeypatch, values, margin, rule, best, resumed
):
    """The margin counts from the best value seen, however the run was interrupted."""
    plain = CheckpointHook.after_val_epoch
    told = lambda self, runner, metrics=None: plain(self, runner, {"acc": values[runner.epoch - 1]})  # noqa: E731
    monkeypatch.setattr(CheckpointHook, "after_val_epoch", told)
    work, hook = tmp_path / "work", dict(best_margin=margin, rule=rule)
    if resumed:
        make(work, epochs=3, hook=hook).train()
    runner = make(work, epochs=5, hook=hook, resume=resumed)
    runner.train()
    assert Path(str(runner.state.best_checkpoint)).name == f"best_acc_epoch_{best}.pth"
    assert runner.state.best_score == values[best - 1]
    assert names(work) == {"epoch_4.pth", "epoch_5.pth", f"best_acc_epoch_{best}.pth"}


def test_a_margin_and_a_kill_between_two_checkpoints(tmp_path):
    """The checkpoint knows a better value, whose file is gone; the record's file counts."""
    work = tmp_path / "work"
    make(work, epochs=2, hook=dict(max_keep_ckpts=-1, best_margin=50.0)).train()
    record = json.loads((work / "run.json").read_text())
    value = record["best"][0]["value"] - 1
    (work / record["best"][0]["file"]).rename(work / "best_acc_epoch_9.pth")
    record["best"][0].update(file="best_acc_epoch_9.pth", value=value)
    (work / "run.json").write_text(json.dumps(record))
    runner = make(work, epochs=2, resume=True, hook=dict(best_margin=50.0))
    runner.train()
    assert runner.state.best_checkpoint == str(work / "best_acc_epoch_9.pth")


# -- the record -------------------------------------------------------------------------------------


def test_the_record_names_metric_value_and_rule(tmp_path):
    runner = make(tmp_path / "work", hook=dict(save_best=["acc"], rule="greater"))
    runner.train()
    (best,) = json.loads((tmp_path / "work" / "run.json").read_text())["best"]
    assert best["metric"] == "acc"
    assert best["rule"] == "greater"
    assert best["value"] == runner.state.best_score
    assert best["file"] == Path(str(runner.state.best_checkpoint)).name


def test_checkpoints_elsewhere(tmp_path):
    """With out_dir, a second run makes room there as well, and the record names the whole path."""
    hook = dict(out_dir=str(tmp_path / "out"))
    for _ in range(2):
        make(tmp_path / "work", epochs=2, hook=hook).train()
    place = tmp_path / "out" / "work"
    (earlier,) = [path for path in place.iterdir() if path.is_dir()]
    assert {"epoch_1.pth", "epoch_2.pth"} <= names(earlier)
    assert {"epoch_1.pth", "epoch_2.pth"} <= names(place)
    runner = make(tmp_path / "work", epochs=3, hook=hook, resume=True)
    runner.train()
    assert runner.state.resumed_from == str(place / "epoch_2.pth")
    assert names(place) - {Path(str(runner.state.best_checkpoint)).name} == {"epoch_2.pth", "epoch_3.pth"}


def test_checkpoints_in_a_remote_storage(tmp_path):
    hook = dict(out_dir="memory://bucket")
    import fsspec

    for _ in range(2):
        make(tmp_path / "work", epochs=1, hook=hook).train()
    memory = fsspec.filesystem("memory")
    found = [path.removeprefix("/bucket/work/") for path in memory.find("/bucket")]
    assert "epoch_1.pth" in found
    assert any(name.startswith("before_") and name.endswith("/epoch_1.pth") for name in found)
    runner = make(tmp_path / "work", epochs=3, hook=hook, resume=True)
    runner.train()
    assert runner.state.resumed_from == "memory://bucket/work/epoch_1.pth"
    found = [path.rpartition("/work/")[2] for path in memory.find("/bucket")]
    assert {"epoch_2.pth", "epoch_3.pth"} <= set(found)
    assert "epoch_1.pth" not in found


# -- without a training -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["val", "test"])
def test_a_validation_alone_saves_nothing(tmp_path, mode):
    make(tmp_path / "work", epochs=1).train()
    before = names(tmp_path / "work")
    runner = make(tmp_path / "work", load_from=str(tmp_path / "work" / "epoch_1.pth"))
    assert getattr(runner, mode)()["acc"] > 50
    assert names(tmp_path / "work") == before
    assert not runner.is_training_built


def test_a_template_has_one_number():
    assert CheckpointHook(filename_tmpl="model_{:03d}.pth").pattern() == r"model_[0-9]+\.pth"
