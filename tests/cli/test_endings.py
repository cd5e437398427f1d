"""Tests of :mod:`mmpretrain.cli.endings`."""

from __future__ import annotations

import pytest

from mmpretrain.cli.endings import errors_told
from mmpretrain.errors import ConfigError, add_note


def ended(error, **options):
    with pytest.raises(SystemExit) as end, errors_told(**options):
        raise error
    return end.value.code


def test_a_deliberate_error_is_one_line_and_code_2(capsys):
    error = ConfigError("the config is empty", where="a.py:3", hint="Write one.")
    add_note(error, "This was step 1")
    assert ended(error) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert "a.py:3" in err
    assert err.endswith("\n  This was step 1\n")
    assert "Traceback" not in err


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (BrokenPipeError(), 0)])
def test_other_endings(error, code, monkeypatch):
    monkeypatch.setattr("mmpretrain.cli.endings.leave_pipe", lambda: None)
    assert ended(error) == code


def test_a_full_disk_is_told_in_a_sentence(capsys):
    assert ended(OSError(28, "No space left on device", "/data/x.pth")) == 2
    assert "/data/x.pth" in capsys.readouterr().err


def test_debug_shows_the_error_itself():
    with pytest.raises(ConfigError), errors_told(debug=True):
        raise ConfigError("no")


def test_an_error_of_a_users_code_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), errors_told():
        _ = 1 / 0


def test_control_characters_do_not_reach_the_terminal(capsys):
    ended(ConfigError("a name with \x1b[2J"))
    assert "\x1b[2J" not in capsys.readouterr().err
