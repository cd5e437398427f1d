"""Tests of :mod:`mmpretrain.engine.hooks.param_scheduler`."""

from __future__ import annotations

from types import SimpleNamespace

from mmpretrain.engine.hooks.param_scheduler import ParamSchedulerHook


class Noted:
    def __init__(self, by_epoch, need_val_args=False):
        self.by_epoch, self.need_val_args = by_epoch, need_val_args
        self.steps = []

    def step(self, *metrics):
        self.steps.append(metrics)


def test_each_scheduler_steps_when_it_counts():
    by_iter, by_epoch, plateau = Noted(False), Noted(True), Noted(True, need_val_args=True)
    runner = SimpleNamespace(
        # several optimizers: a list for each
        param_schedulers={"generator": [by_iter, plateau], "critic": [by_epoch]},
        is_training_built=True,
    )
    hook = ParamSchedulerHook()
    hook.after_train_iter(runner, 0)
    hook.after_train_iter(runner, 1)
    assert (len(by_iter.steps), len(by_epoch.steps)) == (2, 0)
    hook.after_train_epoch(runner)
    assert (len(by_iter.steps), len(by_epoch.steps)) == (2, 1)
    hook.after_val_epoch(runner, {"acc": 3.0})
    assert plateau.steps[-1] == ({"acc": 3.0},)
    assert len(by_epoch.steps) == 1
    runner.is_training_built = False  # a test alone has metrics, but nothing to schedule
    hook.after_val_epoch(runner, {"acc": 4.0})
    assert ({"acc": 4.0},) not in plateau.steps


def test_a_run_without_schedulers_is_left_alone():
    ParamSchedulerHook().after_train_iter(SimpleNamespace(param_schedulers=None), 0)
