"""What a work folder says about its run, also when a stranger wrote it."""

from __future__ import annotations

import json
import os

import pytest

from mmpretrain.checkpoints import serialization
from mmpretrain.checkpoints.run_folder import Best, Record, RunFolder, is_plain_name
from mmpretrain.errors import MissingFileError
from mmpretrain.utils.logging import get_logger

STAMP = "20260101_000000"


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".lock", "a/b", "/a", r"a\b", r"\\host\a", "C:a", "C:", "a\0b", "a\nb", "a.", "a ", "NUL",
     "nul.pth", "COM1.pth", "x" * 256, None, 7, b"a.pth"],
)  # fmt: skip
def test_names_that_lead_elsewhere(name):
    assert not is_plain_name(name)


@pytest.mark.parametrize(
    "name", ["epoch_1.pth", "best_a:b_epoch_1.pth", "模型_1.pth", "a b.pth", "console.pth"]
)
def test_plain_names(name):
    assert is_plain_name(name)


def save(path, metric="acc", score=None, when=0, **info):
    if score is not None:
        info.update(best_score=score, best_ckpt=f"/elsewhere/{path.name}")
    serialization.save({"message_hub": {"runtime_info": info}, "state_dict": {}}, path)
    os.utime(path, (when, when))


def test_the_best_by_value_is_chosen(tmp_path):
    save(tmp_path / "best_acc_epoch_1.pth", score=98.59, when=1)
    save(tmp_path / "best_acc_epoch_2.pth", score=69.86, when=2)
    run = RunFolder(tmp_path)
    assert run.choose().path.name == "best_acc_epoch_1.pth"  # 1.x leaves no record
    assert run.choose().why == "best acc = 98.5900 (greater is better)"
    run.note_best(Best("acc", 69.86, "greater", "best_acc_epoch_2.pth"))
    run.note_best(Best("loss", 0.5, "less", "best_acc_epoch_1.pth"))
    assert run.choose().path.name == "best_acc_epoch_2.pth"  # the first metric of the present run
    run.note_best(Best("acc", 99.0, "greater", "best_acc_epoch_1.pth"))
    assert [best.metric for best in run.record().best] == ["acc", "loss"]
    assert run.choose().path.name == "best_acc_epoch_1.pth"


def test_losses_and_several_metrics_of_1x(tmp_path):
    for number, (loss, when) in enumerate([(0.5, 1), (0.2, 2), (0.9, 3)]):
        name = f"best_val_loss_epoch_{number}.pth"
        save(tmp_path / name, when=when, best_score_val_loss=loss, best_ckpt_val_loss=rf"C:\w\{name}")
    choice = RunFolder(tmp_path).choose()
    assert (choice.path.name, choice.why) == (
        "best_val_loss_epoch_1.pth",
        "best val_loss = 0.2000 (less is better)",
    )


def test_what_says_nothing_is_chosen_by_its_time(tmp_path):
    for number in (1, 2):
        save(tmp_path / f"best_x_epoch_{number}.pth", when=number)
    (tmp_path / "best_x_epoch_0.pth").write_bytes(b"no checkpoint")
    os.utime(tmp_path / "best_x_epoch_0.pth", (0, 0))
    assert RunFolder(tmp_path).choose().path.name == "best_x_epoch_2.pth"


def test_the_last_is_chosen_where_no_best_was_kept(tmp_path):
    save(tmp_path / "epoch_3.pth")
    RunFolder(tmp_path).point_to("/moved/since/epoch_3.pth")
    assert RunFolder(tmp_path).choose().path == tmp_path / "epoch_3.pth"


def test_without_a_checkpoint_earlier_runs_are_named(tmp_path):
    (tmp_path / STAMP).mkdir()
    RunFolder(tmp_path / STAMP).write_record(Record(STAMP, (Best("acc", 98.59, "greater", "best.pth"),)))
    with pytest.raises(MissingFileError) as info:
        RunFolder(tmp_path).choose()
    assert f"An earlier run is in {tmp_path}: {STAMP} (acc 98.5900)" in str(info.value)


def test_a_copy_of_a_folder_points_to_its_own_files(tmp_path):
    original, copy = tmp_path / "original", tmp_path / "copy"
    for folder in (original, copy):
        folder.mkdir()
        (folder / "epoch_1.pth").write_bytes(b"x")
        RunFolder(folder).point_to(original / "epoch_1.pth")
    assert RunFolder(copy).last() == str(copy / "epoch_1.pth")


def with_best(**entry) -> bytes:
    return json.dumps({"run": STAMP, "best": [{"file": "f", **entry}]}).encode()


ODD = [
    b"", b"\xff", b"[]", b"7", b"{}", b'{"run": "../../etc"}', b'{"run": "99999999_999999"}',
    b"[" * 100_000,
    with_best(metric="a", value="x", rule="less"),
    with_best(metric="a", value=1, rule="x"),
    with_best(metric="\x1b[", value=1, rule="less"),
    json.dumps({"run": STAMP, "best": [{"unknown": 1}]}).encode(),
    json.dumps({"run": STAMP, "best": 7}).encode(), json.dumps({"run": STAMP, "files": 7}).encode(),
    b'{"run": "20260101_000000", "best": [{"metric": "a", "value": NaN, "rule": "less", "file": "f"}]}',
]  # fmt: skip


@pytest.mark.parametrize("data", ODD, ids=range(len(ODD)))
def test_an_odd_record_is_ignored_and_said(tmp_path, data, caplog, monkeypatch):
    monkeypatch.setattr(get_logger(), "propagate", True)
    (tmp_path / "run.json").write_bytes(data)
    save(tmp_path / "best_acc_epoch_1.pth", score=1.0)
    assert RunFolder(tmp_path).record() is None
    assert RunFolder(tmp_path).choose().path.name == "best_acc_epoch_1.pth"
    assert "is not as a run writes it" in caplog.text


def test_a_large_record_is_not_read(tmp_path):
    with (tmp_path / "run.json").open("wb") as file:
        file.truncate(1 << 40)
    assert RunFolder(tmp_path).record() is None


def test_files_of_a_record_are_plain_names():
    record = Record.parse({"run": STAMP, "files": ["cfg.py", "../cfg.py", "/etc/passwd", 7]})
    assert record.files == ("cfg.py",)
