"""Tests of :mod:`mmpretrain.cli.say`."""

from __future__ import annotations

from pathlib import Path

from mmpretrain.cli.say import say, shown


def test_a_text_cannot_command_the_terminal(capsys):
    say("a\x1b]0;title\x07\tb\nc")
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "\tb\nc\n" in out


def test_an_error_goes_to_standard_error(capsys):
    say("one", nl=False, err=True)
    assert capsys.readouterr() == ("", "one")


def test_a_path_is_shown_as_people_type_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "runs" / "a.pth") == "runs/a.pth"
    assert shown(tmp_path / "my runs") == "'my runs'"
    assert shown(Path("/elsewhere/a.pth")) == "/elsewhere/a.pth"
