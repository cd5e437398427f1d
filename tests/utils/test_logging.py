"""Tests of :mod:`mmpretrain.utils.logging`."""

from __future__ import annotations

import logging

from mmpretrain.utils.logging import RunLogFormatter


def test_logs_and_errors_show_escapes():
    record = logging.LogRecord(
        "mmpretrain", logging.INFO, "x.py", 1, "class %s\nnext\x1b[2J", ("a\x9b",), None
    )
    shown = RunLogFormatter().format(record)
    assert r"class a\x9b" in shown
    assert r"next\x1b[2J" in shown
    assert shown.count("\n") == 1
