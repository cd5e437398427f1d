"""Parents that die, and standard streams that are closed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmpretrain.utils import processes

LAUNCHER = """
import sys
from mmpretrain.engine.runner.launch import call_and_pass_signals
call_and_pass_signals([sys.executable, "-c", sys.argv[1], sys.argv[2]])
"""
WORKER = """
import os, pathlib, signal, sys, time
def end(number, frame):
    pathlib.Path(sys.argv[1], "ended").write_text(signal.Signals(number).name)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
pathlib.Path(sys.argv[1], "started").touch()
time.sleep(60)
"""


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return path.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")
def test_what_a_killed_launcher_started_ends(tmp_path):
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCHER, WORKER, str(tmp_path)])
    wait_for(tmp_path / "started")
    launcher.kill()
    launcher.wait()
    assert wait_for(tmp_path / "ended") == "SIGTERM"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread compares the parents")
def test_a_parent_that_died_before_the_call():
    child = os.fork()
    if child == 0:
        processes.die_with_parent(signal.SIGKILL, parent=os.getpid())
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    child = os.fork()
    if child == 0:
        processes.die_with_parent(signal.SIGKILL, parent=os.getppid())
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_where_the_system_does_not_tell_a_thread_looks(tmp_path, monkeypatch):
    monkeypatch.setattr(processes.sys, "platform", "other")
    monkeypatch.setattr(processes, "LOOK_EVERY", 0.01)
    if os.fork() == 0:  # the parent, which dies at once
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, lambda *_: ((tmp_path / "ended").write_text("x"), os._exit(0)))
            processes.die_with_parent()
            (tmp_path / "started").touch()
            time.sleep(60)
        wait_for(tmp_path / "started")
        os._exit(0)
    os.wait()
    assert wait_for(tmp_path / "ended") == "x"


CLOSED = """
import os, sys
from mmpretrain.utils.processes import open_standard_streams
open_standard_streams()
print("nothing"); print("nothing", file=sys.stderr); sys.stdout.flush()
assert sys.stdin.read() == "" or not sys.stdin.isatty()
with open(sys.argv[1], "w") as file:
    assert file.fileno() > 2
    file.write("whole")
"""


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_lead_nowhere(tmp_path, closed):
    command = f'exec "$@" {closed}'
    words = ["sh", "-c", command, "-", sys.executable, "-c", CLOSED, str(tmp_path / "file")]
    assert subprocess.run(words, stdin=subprocess.DEVNULL).returncode == 0
    assert (tmp_path / "file").read_text() == "whole"
