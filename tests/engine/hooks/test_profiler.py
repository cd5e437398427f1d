"""Tests of :mod:`mmpretrain.engine.hooks.profiler`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmpretrain.engine.hooks import (
    ProfilerHook,
)
from mmpretrain.errors import ConfigError
from tests.engine import tiny


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"by_epoch": False, "profile_times": 5, "schedule": dict(wait=1, warmup=1, active=3)},
    ],
)
def test_profiler(make_runner, tmp_path, caplog, arguments):
    trace = tmp_path / "trace.json"
    hook = dict(
        type="ProfilerHook",
        json_trace_path=str(trace),
        on_trace_ready=dict(type="log_trace", sort_by="cpu_time_total", row_limit=5),
        **arguments,
    )
    caplog.set_level("INFO", "mmpretrain")
    runner = make_runner(custom_hooks=[hook], train_cfg=dict(by_epoch=True, max_epochs=1))
    runner.train()
    assert runner.hooks_of(ProfilerHook)[0].profiler is None
    assert any("aten::" in event.get("name", "") for event in json.loads(trace.read_text())["traceEvents"])
    assert "aten::" in next((tmp_path / "work").rglob("*.log")).read_text()


def test_profiler_traces_for_tensorboard(make_runner):
    hook = dict(type="ProfilerHook", by_epoch=False, profile_times=2, on_trace_ready=dict(type="tb_trace"))
    runner = make_runner(custom_hooks=[hook])
    runner.train()
    folder = runner.log_dir + "/tf_tracing_logs"
    assert list(Path(folder).glob("*.pt.trace.json"))


def test_profiler_ends_with_the_run(make_runner):
    class Failing(tiny.TinyModel):
        def train_step(self, data, optim_wrapper):
            raise RuntimeError("broken")

    runner = make_runner(model=Failing(), custom_hooks=[dict(type="ProfilerHook")])
    with pytest.raises(RuntimeError, match="broken"):
        runner.train()
    assert runner.hooks_of(ProfilerHook)[0].profiler is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"profile_times": 0}, "must be positive"),
        ({"profile_times": 2}, "one epoch is enough"),
        ({"on_trace_ready": dict(type="no")}, "'log_trace' or 'tb_trace'"),
        ({"on_trace_ready": 3}, "a function or a dict"),
        ({"by_epoch": False, "profile_times": 1000}, "more than the run has"),
    ],
)
def test_profiler_settings(make_runner, arguments, message):
    with pytest.raises(ConfigError, match=message):
        make_runner(custom_hooks=[dict(type="ProfilerHook", **arguments)]).train()
