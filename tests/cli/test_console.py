"""Tests of :mod:`mmpretrain.cli.console`."""

from __future__ import annotations

import os

import pytest

from mmpretrain.cli.console import one_line_an_epoch


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
