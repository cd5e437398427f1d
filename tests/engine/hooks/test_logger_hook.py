"""Tests of :mod:`mmpretrain.engine.hooks.logger_hook`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mmpretrain.engine.hooks import LoggerHook
from mmpretrain.errors import ConfigError


def lines(runner):
    text = Path(runner.log_file).read_text()
    return re.findall(r"Epoch\(train\) +\[(\d)\]\[ *(\d+)/", text)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (dict(interval=2), [2, 4, 6, 8]),
        (dict(interval=3), [3, 6]),
        (dict(interval=3, ignore_last=False), [3, 6, 8]),
        (dict(interval=10), [8]),  # an epoch that is shorter than the interval has one line
    ],
)
def test_lines_of_an_epoch(make_runner, options, expected):
    runner = make_runner(
        train_cfg=dict(by_epoch=True, max_epochs=1),
        default_hooks=dict(logger=dict(type="LoggerHook", **options)),
    )
    runner.train()
    assert [int(number) for _, number in lines(runner)] == expected


def test_the_metrics_of_a_test_are_a_file(make_runner):
    runner = make_runner()
    metrics = runner.test()
    written = json.loads(Path(runner.log_dir, f"{runner.timestamp}.json").read_text())
    assert written["acc"] == metrics["acc"]


def test_logs_are_copied_and_removed(make_runner, tmp_path):
    hook = dict(type="LoggerHook", out_dir=str(tmp_path / "out"), out_suffix=".log", keep_local=False)
    runner = make_runner(default_hooks=dict(logger=hook))
    runner.train()
    (copied,) = (tmp_path / "out").rglob("*.log")
    assert "Epoch(train)" in copied.read_text()
    assert not Path(runner.log_dir).exists()


def test_an_interval_of_zero_is_refused():
    with pytest.raises(ConfigError, match="an interval of at least 1, got 0"):
        LoggerHook(interval=0)
