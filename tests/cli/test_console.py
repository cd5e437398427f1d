"""Tests of :mod:`mmpretrain.cli.console`."""

from __future__ import annotations

import logging
import os

import pytest

from mmpretrain.cli.console import each_warning_once, one_line_an_epoch


def test_a_command_shows_one_line_an_epoch(monkeypatch):
    monkeypatch.delenv("MMPRETRAIN_CONSOLE", raising=False)
    seen = []

    def command():
        with one_line_an_epoch():
            seen.append(os.environ["MMPRETRAIN_CONSOLE"])
            raise KeyError

    with pytest.raises(KeyError):
        command()
    assert seen == ["epochs"]
    assert "MMPRETRAIN_CONSOLE" not in os.environ


def test_the_environment_overrules_it(monkeypatch):
    monkeypatch.setenv("MMPRETRAIN_CONSOLE", "lines")
    with one_line_an_epoch():
        assert os.environ["MMPRETRAIN_CONSOLE"] == "lines"
    assert os.environ["MMPRETRAIN_CONSOLE"] == "lines"


def test_a_warning_is_printed_once(monkeypatch):
    printed: list[str] = []

    def warn(name: str) -> None:
        record = logging.makeLogRecord({"name": "a", "msg": "no image in %s", "args": (name,)})
        logging.lastResort.handle(record)

    monkeypatch.setattr(logging.lastResort, "emit", lambda record: printed.append(record.getMessage()))
    with each_warning_once():
        for name in "bbbc":
            warn(name)
    warn("c")
    assert printed == ["no image in b", "no image in c", "no image in c"]
