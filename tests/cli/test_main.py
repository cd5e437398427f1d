"""The command line from outside: help, speed of start, and what bad input gets."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys

import pytest

from mmpretrain.cli import main
from mmpretrain.cli.main import app
from tests.cli.command_cases import ROOT, run

COMMANDS = sorted(command.name for command in app.registered_commands)


def test_a_full_disk_is_one_sentence(monkeypatch, capsys):
    def fill(app, **_):
        raise OSError(errno.ENOSPC, "No space left on device", "results.pkl")

    monkeypatch.setattr(type(main.app), "__call__", fill)
    with pytest.raises(SystemExit, match="2"):
        main.entry_point(["test"])
    assert capsys.readouterr().err.startswith("error: results.pkl: The disk is full")


def test_help_lists_every_command_without_torch():
    code = (
        "import sys; from mmpretrain.cli.main import entry_point\n"
        "try: entry_point(['--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'torch', 'numpy', 'cv2'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    callback = next(item.callback for item in app.registered_commands if item.name == command)
    assert f"`mmpretrain {command}" in (callback.__doc__ or "")


def test_version():
    assert re.fullmatch(r"mmpretrain 2\.\d+\.\d+\S*\n", run("--version").stdout)


def test_debug_shows_the_traceback():
    assert "Traceback" in run("train", "nothing.py", "--debug").stderr
