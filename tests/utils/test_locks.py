"""One run in a folder at a time."""

from __future__ import annotations

import os
import signal
import time

import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.utils import locks
from mmpretrain.utils.locks import FolderLock


def hold_in_a_child(folder) -> int:
    """Fork a process that holds the lock until it is killed; return its number."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with FolderLock(folder):
            os.write(writer, b"x")
            time.sleep(60)
        os._exit(0)
    os.read(reader, 1)
    return child


def test_another_process_is_refused_and_told_who_it_is(tmp_path):
    child = hold_in_a_child(tmp_path)
    try:
        with pytest.raises(ConfigError, match=f"process {child} on .* since") as info, FolderLock(tmp_path):
            pass
        assert "--work-dir" in str(info.value)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with FolderLock(tmp_path):  # a dead process holds nothing
        pass
    assert not list(tmp_path.iterdir())


def test_the_children_of_a_dead_run_hold_nothing(tmp_path):
    """Data workers are forked while the lock is held, and outlive a run that is killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with FolderLock(tmp_path):
            grandchild = os.fork()
            if grandchild == 0:
                time.sleep(60)
                os._exit(0)
            os.write(writer, str(grandchild).encode())
            time.sleep(60)
        os._exit(0)
    grandchild = int(os.read(reader, 100))
    try:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with FolderLock(tmp_path):
            pass
    finally:
        os.kill(grandchild, signal.SIGKILL)


def test_a_second_lock_of_the_same_process_is_refused(tmp_path):
    with FolderLock(tmp_path), pytest.raises(ConfigError, match="this process"), FolderLock(tmp_path):
        pass
    with FolderLock(tmp_path), FolderLock(tmp_path / ".."):
        pass


def test_a_file_system_without_locks_is_named_once(tmp_path, monkeypatch, caplog):
    def refuse(descriptor):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locks, "_lock", refuse)
    monkeypatch.setattr(locks, "_warned", False)
    monkeypatch.setattr(locks.get_logger(), "propagate", True)
    for _ in range(2):
        with FolderLock(tmp_path):
            pass
    assert caplog.text.count("cannot be locked") == 1


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b'{"pid": "x"}'])
def test_an_odd_signature_does_not_matter(tmp_path, content):
    child = hold_in_a_child(tmp_path)
    try:
        (tmp_path / ".lock").write_bytes(content)
        with pytest.raises(ConfigError, match="a process that does not say"), FolderLock(tmp_path):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / ".lock").symlink_to(tmp_path / "precious")
    with FolderLock(tmp_path):
        pass
    assert (tmp_path / "precious").read_text() == "precious"
