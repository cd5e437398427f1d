"""Tests of :mod:`mmpretrain.engine.runner.log_sinks`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from mmpretrain.config import Config
from mmpretrain.engine.hooks import Hook
from mmpretrain.engine.runner.log_sinks import SinkList


def test_metrics_csv(make_runner):
    runner = make_runner()
    runner.train()
    with Path(runner.log_dir, "vis_data", "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["mode"] for row in rows].count("train") == 12
    assert [float(row["acc"]) for row in rows if row["mode"] == "val"][-1] == runner.state.metrics["acc"]
    assert float(rows[0]["lr"]) == 0.1


def test_default_visualizer_writes_what_1x_wrote(make_runner):

    runner = make_runner(visualizer=None, cfg=Config(dict(device="cpu", answer=42)))
    runner.train()
    data = Path(runner.log_dir, "vis_data")
    assert "answer = 42" in (data / "config.py").read_text()
    scalars = [json.loads(line) for line in (data / "scalars.json").read_text().splitlines()]
    assert {"lr", "loss", "time", "data_time", "epoch", "iter", "step"} <= set(scalars[0])
    assert Path(runner.config_file).exists()


class Noted:
    """A sink that notes what it is given."""

    def __init__(self):
        self.steps = []

    def add_scalars(self, scalars, step, mode):
        self.steps.append((mode, step))

    def close(self):
        self.steps.append("closed")


def test_quick_lines_are_written_together(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(SinkList, "clock", staticmethod(lambda: now[0]))
    noted = Noted()
    sinks = SinkList(noted)
    for step, seconds in enumerate((0.0, 0.4, 0.9, 1.1, 1.2)):
        now[0] = seconds
        sinks.add_scalars({"loss": 1.0}, step, "train")
        assert len(noted.steps) == (1, 1, 1, 4, 4)[step]
    sinks.add_scalars({"acc": 1.0}, 5, "val")  # a validation does not wait
    assert [step for _, step in noted.steps] == [0, 1, 2, 3, 4, 5]
    sinks.add_scalars({"loss": 1.0}, 6, "train")
    sinks.close()
    assert noted.steps[-2:] == [("train", 6), "closed"]


def test_a_run_that_fails_keeps_its_numbers(make_runner, monkeypatch):
    monkeypatch.setattr(SinkList, "clock", staticmethod(lambda: 0.0))  # without an error, all would wait

    class Failing(Hook):
        priority = "LOWEST"

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            if runner.iter == 3:
                raise RuntimeError("out of luck")

    runner = make_runner(
        default_hooks=dict(logger=dict(type="LoggerHook", interval=1)), custom_hooks=[Failing()]
    )
    with pytest.raises(RuntimeError, match="out of luck"):
        runner.train()
    with Path(runner.log_dir, "vis_data", "metrics.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2", "3", "4"]
