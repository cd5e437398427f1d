"""Tests of :mod:`mmpretrain.engine.runner.hook_list`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmpretrain.engine.hooks import Hook
from mmpretrain.errors import ConfigError
from tests.engine import tiny


def test_hooks_run_in_order_of_priority(make_runner):
    order: list[str] = []

    class Noted(Hook):
        def __init__(self, name):
            self.name = name

        def before_train(self, runner):
            order.append(self.name)

    runner = make_runner()
    runner.register_hook(Noted("late"), priority=95)
    runner.register_hook(Noted("normal"))
    runner.register_hook(Noted("first"), priority="HIGHEST")
    runner.register_hook(Noted("normal, too"))
    runner.call_hook("before_train")
    assert order == ["first", "normal", "normal, too", "late"]


def test_default_hooks_can_be_left_out(make_runner):
    runner = make_runner(default_hooks=dict(checkpoint=None, timer=None))
    runner.train()
    assert not list(Path(runner.work_dir).glob("*.pth"))


class Plain:
    """A hook that extends nothing."""

    priority = "HIGH"

    def __init__(self):
        self.seen = []

    def before_train_epoch(self, runner):
        self.seen.append(runner.epoch)

    def after_train(self, runner):
        self.seen.append("end")


def test_a_hook_need_not_extend_anything(make_runner):
    hook = Plain()
    runner = make_runner(custom_hooks=[hook, dict(type=Plain, priority="LOWEST")])
    runner.train()
    assert hook.seen == [0, 1, 2, "end"]
    assert runner.hooks[-1].seen == hook.seen
    assert "(HIGH        ) Plain" in runner.get_hooks_info()
    with pytest.raises(ConfigError, match="no method for any point"):
        runner.register_hook(tiny.NoisyVectors())


def test_hooks_receive_what_a_loop_tells_them(make_runner):
    class Noted(Hook):
        def __init__(self):
            self.seen = []

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            self.seen.append((batch_idx, data_batch))

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            self.seen.append((batch_idx, data_batch, outputs))

        def after_swap(self, runner, **told):  # a point of a user's own loop
            self.seen.append(told)

    runner, hook = make_runner(default_hooks=dict(runtime_info=None, timer=None, logger=None)), Noted()
    runner.hooks.clear()
    runner.register_hook(hook)
    runner.call_hook("before_train_iter", batch_idx=1, data_batch="b")
    runner.call_hook("after_train_iter", batch_idx=1, data_batch="b", outputs={"loss": 2})
    runner.call_hook("after_train_iter", batch_idx=2)  # a loop of 1.x may tell less
    runner.call_hook("after_swap", weights=3)
    assert hook.seen == [(1, "b"), (1, "b", {"loss": 2}), (2, None, None), {"weights": 3}]
