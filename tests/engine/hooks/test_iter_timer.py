"""Tests of :mod:`mmpretrain.engine.hooks.iter_timer`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mmpretrain.engine.hooks import iter_timer
from tests.engine import tiny


class Clock:
    """Seconds that pass only where a test says so."""

    now = 0.0


class SlowVectors(tiny.NoisyVectors):
    def __getitem__(self, index):
        Clock.now += 0.003
        return super().__getitem__(index)


class SlowModel(tiny.TinyModel):
    def train_step(self, data, optim_wrapper):
        Clock.now += 0.01
        return super().train_step(data, optim_wrapper)


@pytest.mark.parametrize(
    ("changes", "pattern"),
    [
        (
            dict(train_dataloader={**tiny.loader(), "dataset": SlowVectors()}),
            r"data_time \d+%: loader-bound, [\d,]+ img/s; the model could do [\d,]+ \(more num_workers, .*\)",
        ),
        (
            dict(model=SlowModel()),
            r"data_time \d+%: compute-bound, [\d,]+ img/s; the loader could do at least [\d,]+",
        ),
    ],
    ids=["loader-bound", "compute-bound"],
)
def test_the_bottleneck_is_named(make_runner, changes, pattern, monkeypatch):
    monkeypatch.setattr(iter_timer, "perf_counter", lambda: Clock.now)
    monkeypatch.setattr(iter_timer, "usable_cores", lambda: 4)
    runner = make_runner(**changes)
    runner.train()
    assert re.fullmatch(pattern, runner.message_hub.get_info("bottleneck"))
    assert len(re.findall(pattern, Path(runner.state.log_path).read_text())) == 3, "after each epoch"


@pytest.mark.parametrize(("idle", "advice"), [(2, "more num_workers"), (0, "every core has a worker")])
def test_more_workers_are_advised_where_there_are_cores_for_them(idle, advice):
    line = iter_timer.describe_bottleneck(100, 10.0, 5.0, idle)
    assert line.startswith("data_time 50%: loader-bound, 10 img/s; the model could do 20 (" + advice)
