"""Tests of :mod:`mmpretrain.engine.runner.log_sinks`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from mmpretrain.config import Config


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
