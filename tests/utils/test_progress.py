"""Tests of :mod:`mmpretrain.utils.progress`."""

from __future__ import annotations

import io
import sys

from rich.console import Console

from mmpretrain.utils import progress


def terminal(monkeypatch):
    """Let the standard output be a terminal whose text can be read; for the test itself, not a fixture."""
    out = io.StringIO()
    out.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", out)
    for name, value in (("TERM", "xterm"), ("COLUMNS", "120"), ("TTY_COMPATIBLE", "1")):
        monkeypatch.setenv(name, value)
    return out


def test_items_pass_in_silence_without_a_terminal(capsys):
    assert list(progress.track(range(3), "Reading")) == [0, 1, 2]
    assert capsys.readouterr().out == ""


def test_a_terminal_shows_how_far_it_is(monkeypatch):
    out = terminal(monkeypatch)
    assert list(progress.track(iter("ab"), "Reading", total=2)) == ["a", "b"]
    assert "Reading" in out.getvalue()
    assert "2/2" in out.getvalue()


def test_a_closed_output_is_no_terminal(monkeypatch):
    out = terminal(monkeypatch)
    assert progress.on_terminal()
    del out.isatty  # that of the class complains
    out.close()
    assert not progress.on_terminal()


def test_a_terminal_that_is_gone_ends_nothing():
    class Gone(io.StringIO):
        def write(self, text):
            raise OSError("no such device")

    console = Console(file=Gone(), force_terminal=True)
    with progress.make_progress(console) as display:
        task = display.add_task("Reading", total=1, note="")
        display.advance(task)
        display.refresh()
    assert display.finished
