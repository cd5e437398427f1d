"""Tests of :mod:`mmpretrain.checkpoints.store`."""

from __future__ import annotations

import os

import pytest

from mmpretrain.checkpoints import serialization
from mmpretrain.checkpoints.store import CheckpointStore
from mmpretrain.errors import ConfigError
from mmpretrain.utils.logging import get_logger
from tests.engine.runner.test_checkpoint import build


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
    """The newest file by time is taken; a published copy, though newer, is none to continue from."""
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


def test_pieces_need_a_common_folder():
    with pytest.raises(ConfigError, match="folder that all processes see"):
        CheckpointStore("").save_sharded({}, "s3://bucket/epoch_1.pth")
    from mmpretrain.engine.runner.fsdp import FSDPStrategy

    with pytest.raises(ConfigError, match="Choose 'full' or 'local'"):
        FSDPStrategy(state_dict_cfg="some")
