"""The machine is in the way: one sentence and an exit code, never a traceback."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from mmpretrain.cli import main

CASES = [
    (
        PermissionError(errno.EACCES, "Permission denied", "out/a.png"),
        2,
        "error: out/a.png: Permission denied",
    ),
    (OSError(errno.EROFS, "Read-only file system", "work"), 2, "error: work: Read-only file system. Choose"),
    (OSError(errno.ENAMETOOLONG, "File name too long", "x"), 2, "error: x: File name too long"),
    (OSError(errno.EMFILE, "Too many open files"), 2, "ulimit -n"),
    (OSError(errno.EFBIG, "File too large"), 2, "error: A file would become larger than is allowed here."),
    (OSError(errno.ENOSPC, "No space left on device"), 2, "error: The disk is full. Free some space"),
    (MemoryError(), 2, "error: Memory ran out (MemoryError). Use a smaller batch_size"),
    (
        IndexError("list index out of range"),
        1,
        "error: This should not happen (IndexError: list index out of",
    ),
]


@pytest.fixture
def raising(monkeypatch):
    """A command line whose only command raises an error from inside of the package."""

    def make(error):
        code = compile("def app(**kwargs):\n    raise error", "/site-packages/mmpretrain/part.py", "exec")
        scope = {"error": error}
        exec(code, scope)
        monkeypatch.setattr(main, "app", scope["app"])

    return make


@pytest.mark.parametrize(("error", "code", "text"), CASES, ids=[type(case[0]).__name__ for case in CASES])
def test_one_line(raising, capsys, tmp_path, monkeypatch, error, code, text):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    raising(error)
    with pytest.raises(SystemExit) as caught:
        main.entry_point([])
    shown = capsys.readouterr().err
    assert caught.value.code == code
    assert text in shown
    assert "Traceback" not in shown
    kept = [path.read_text() for path in tmp_path.iterdir()]
    assert [("IndexError: list index out of range" in text) for text in kept] == [True] * (code == 1)


def test_debug_shows_all(raising):
    raising(IndexError("x"))
    with pytest.raises(IndexError):
        main.entry_point(["--debug"])
    os.environ.pop("MMPRETRAIN_DEBUG", None)


def test_errors_of_own_code_are_shown_whole(monkeypatch):
    def app(**kwargs):
        raise IndexError("mine")

    monkeypatch.setattr(main, "app", app)
    with pytest.raises(IndexError, match="mine"):
        main.entry_point([])


def _run(command, **kwargs):
    program = f'"{sys.executable}" -m mmpretrain'
    return subprocess.run(
        ["bash", "-c", command.replace("mmpretrain", program, 1)], capture_output=True, text=True, **kwargs
    )


@pytest.mark.parametrize(
    ("command", "code", "text"),
    [
        ("mmpretrain list | head -1", 0, ""),
        ("mmpretrain list resnet18 >&-", 0, ""),
        ("mmpretrain list resnet18 >&- 2>&-", 0, ""),
        ("cd $(mktemp -d); rmdir $PWD; mmpretrain list", 2, "The current folder cannot be used"),
    ],
)
def test_streams_and_folders_that_are_gone(command, code, text, tmp_path):
    result = _run(command, cwd=tmp_path)
    assert result.returncode == code
    assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr


def test_a_command_may_exit(monkeypatch):
    def app(**kwargs):
        raise SystemExit(3)

    monkeypatch.setattr(main, "app", app)
    with pytest.raises(SystemExit) as caught:
        main.entry_point([])
    assert caught.value.code == 3


def test_an_error_of_a_users_code_in_a_worker_is_not_ours():
    from mmpretrain.cli.guard import is_ours
    from mmpretrain.engine.runner.failures import Failure

    try:
        raise KeyError("mask")
    except KeyError as error:
        failure = Failure(error)
    failure.error.__traceback__ = None
    with pytest.raises(KeyError) as caught:
        failure.throw()
    arrived = caught.value
    arrived.__traceback__ = None  # the frames of the main process, all of this package
    assert not is_ours(arrived)


def test_an_unforeseen_error_keeps_its_sentences():
    from mmpretrain.cli.guard import unforeseen
    from mmpretrain.errors import add_note, notes_of

    error = ValueError("odd")
    add_note(error, "This was training iteration 3, with a.jpg")
    assert notes_of(unforeseen(error)) == ["This was training iteration 3, with a.jpg"]
