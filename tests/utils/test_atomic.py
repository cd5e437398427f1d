"""Tests of :mod:`mmpretrain.utils.atomic`."""

from __future__ import annotations

import os
import signal
from typing import IO, cast

import pytest
import torch

from mmpretrain.checkpoints import serialization
from mmpretrain.utils.atomic import write_atomic


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
