"""Tests of :mod:`mmpretrain.compat.hooks.evaluation`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmpretrain.compat.hooks.evaluation import DistEvalHook, EvalHook
from mmpretrain.errors import ConfigError


class Loader:
    """A loader whose data set evaluates itself; each evaluation gives the next value."""

    def __init__(self, values):
        self.values, self.dataset = iter(values), self

    def evaluate(self, results, logger=None, **options):
        return {"accuracy": next(self.values), "other": 0.0}


@pytest.mark.parametrize(
    ("options", "epochs"), [({}, [1, 2, 3]), (dict(interval=2), [2]), (dict(start=1, interval=2), [1, 3])]
)
def test_when_it_evaluates(make_runner, options, epochs):
    seen = []
    hook = EvalHook(Loader([1.0] * 3), test_fn=lambda model, loader: seen.append(model.training), **options)
    runner = make_runner(custom_hooks=[hook])
    runner.train()
    assert len(seen) == len(epochs)
    assert len(runner.message_hub.get_scalar("val/accuracy").data[0]) == len(epochs)


def test_the_best_checkpoint_replaces_the_one_before(make_runner):
    hook = EvalHook(Loader([10.0, 30.0, 20.0]), save_best="auto", test_fn=lambda model, loader: [])
    runner = make_runner(custom_hooks=[hook])
    runner.train()
    assert [path.name for path in Path(runner.work_dir).glob("best_*")] == ["best_accuracy_epoch_2.pth"]


def test_settings():
    with pytest.raises(ConfigError, match="an interval of at least 1, got 0"):
        EvalHook(Loader([]), interval=0)
    assert DistEvalHook(Loader([])).test_fn.__name__ == "multi_gpu_test"
