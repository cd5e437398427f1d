"""``mmpretrain pack`` and ``unpack``."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from tests.cli.commands import call
from tests.datasets.packed.pack_cases import folder


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_there_and_back(tmp_path, capsys):
    folder(tmp_path / "data", restart_marker_blocks=4)
    words = ("pack", "data", "out", "--verify", "--workers", "0", "--shard-size", "1MB")
    done = call(capsys, *words)
    assert done.code == 0, done.err
    assert "train: 6 images" in done.out
    assert "6 JPEGs that decode in part" in done.out
    assert "8 images were verified" in done.out
    again = call(capsys, *words)
    assert "train: 6 images, packed before" in again.out
    file = next((tmp_path / "data" / "val" / "cat").iterdir())
    file.write_bytes(file.read_bytes()[:-9])
    differs = call(capsys, *words)
    assert differs.code == 2
    assert "1 packed images differ from their originals" in differs.err
    files = call(capsys, "unpack", "out", "files")
    assert files.code == 0, files.err
    assert len(json.loads((tmp_path / "files" / "train.json").read_text())["data_list"]) == 6
    full = call(capsys, "unpack", "out", "files")
    assert full.code == 2
    assert "not empty" in full.err


def test_mistakes_are_explained(tmp_path, capsys):
    folder(tmp_path / "data")
    for words, message in [
        (("pack", "nowhere", "out"), "There is no data at 'nowhere'"),
        (("pack", "data", "out", "--shard-size", "big"), "'big' is no size"),
        (("pack", "data", "data"), "holds"),
        (("unpack", "data", "out"), "Pack your data with `mmpretrain pack DATA OUT`"),
    ]:
        done = call(capsys, *words)
        assert done.code == 2
        assert message in done.err
        assert "Traceback" not in done.err


def test_an_unpacking_that_fails_leaves_nothing(tmp_path, capsys, monkeypatch):
    folder(tmp_path / "data")
    assert call(capsys, "pack", "data", "out", "--workers", "0").code == 0
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        failed = call(capsys, "unpack", "out", "files")
    assert failed.code == 2
    assert "The disk is full" in failed.err
    assert not (tmp_path / ".files.partial").exists()
    (tmp_path / ".files.partial").mkdir()
    killed = call(capsys, "unpack", "out", "files")
    assert killed.code == 2
    assert "an unpacking that was killed left it" in killed.err
    (tmp_path / ".files.partial").rmdir()
    assert call(capsys, "unpack", "out", "files").code == 0


def full(self, data):
    raise OSError(errno.ENOSPC, "No space left on device")
