"""Tests of :mod:`mmpretrain.engine.hooks.early_stopping`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mmpretrain.engine.hooks import (
    EarlyStoppingHook,
)
from mmpretrain.errors import ConfigError, TrainingError


def metrics_runner():
    state = SimpleNamespace(training=True)
    return SimpleNamespace(state=state, train_loop=SimpleNamespace(stop_training=False))


def stops_after(hook, values):
    runner = metrics_runner()
    for index, value in enumerate(values):
        hook.after_val_epoch(runner, {"acc": value})
        if runner.train_loop.stop_training:
            return index
    return None


@pytest.mark.parametrize(
    ("arguments", "values", "stop"),
    [
        ({}, [1, 2, 3, 3, 3, 3, 3, 3], 7),
        ({"patience": 2}, [50, 50.05, 50.2, 50.25, 50.25], 4),
        ({"patience": 1, "rule": "less", "min_delta": 1}, [5, 4, 2.9, 2], 3),
        ({"stopping_threshold": 90}, [80, 89, 91, 92], 2),
        ({}, [80, float("nan")], 1),
        ({"check_finite": False, "patience": 1}, [80, 81, 82], None),
    ],
)
def test_early_stopping(arguments, values, stop):
    assert stops_after(EarlyStoppingHook(monitor="acc", **arguments), values) == stop


def test_early_stopping_goes_on_after_resumption():
    one, two = (EarlyStoppingHook(monitor="acc", patience=3) for _ in range(2))
    assert stops_after(one, [5, 5, 5]) is None
    two.load_state_dict(one.state_dict())
    assert stops_after(two, [5]) == 0


def test_early_stopping_rules(caplog):
    assert EarlyStoppingHook("accuracy/top1").rule == "greater"
    assert EarlyStoppingHook("val_loss").rule == "less"
    with pytest.raises(ConfigError, match="whether greater or less is better"):
        EarlyStoppingHook("speed")
    with pytest.raises(ConfigError, match="'greater' or 'less'"):
        EarlyStoppingHook("acc", rule="more")  # type: ignore[arg-type]
    EarlyStoppingHook("auc").after_val_epoch(metrics_runner(), {"acc": 1.0})
    assert "watches 'auc', but the metrics are: acc" in caplog.text
    with pytest.raises(TrainingError, match="watches 'auc'"):
        EarlyStoppingHook("auc", strict=True).after_val_epoch(metrics_runner(), {"acc": 1.0})


def test_early_stopping_in_a_run(make_runner):
    hook = dict(type="EarlyStoppingHook", monitor="acc", patience=1, min_delta=1000)
    runner = make_runner(custom_hooks=[hook], train_cfg=dict(by_epoch=True, max_epochs=9))
    runner.train()
    assert runner.epoch == 2
