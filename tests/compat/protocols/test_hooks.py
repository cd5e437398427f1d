"""Hooks written for MMCV 1.x are called, with a runner that has what they look for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from mmcv.runner import HOOKS, Hook

from mmpretrain.engine.runner import MessageHub
from mmpretrain.errors import ConfigError


def make_runner() -> SimpleNamespace:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.25, momentum=0.5)
    return SimpleNamespace(
        epoch=2, iter=9, message_hub=MessageHub(), optim_wrapper=SimpleNamespace(optimizer=optimizer)
    )


@HOOKS.register_module()
class OldHook(Hook):
    def __init__(self):
        self.seen = []

    def before_epoch(self, runner):
        self.seen.append(("before_epoch", runner.epoch))

    def after_epoch(self, runner):
        self.seen.append(("after_epoch", runner.epoch))

    def before_iter(self, runner):
        self.seen.append(("before_iter", runner.inner_iter))

    def after_iter(self, runner):
        self.seen.append(("after_iter", runner.inner_iter, runner.outputs["log_vars"]["loss"]))
        runner.log_buffer.update({"mine": 3.0})
        runner.log_buffer.output["other"] = 4.0
        self.every = self.every_n_iters(runner, 5)
        self.rates = runner.current_lr(), runner.current_momentum()


@HOOKS.register_module()
class OldTrainingHook(Hook):
    def __init__(self):
        self.seen = []

    def after_train_iter(self, runner):
        self.seen.append((runner.inner_iter, runner.optimizer.param_groups[0]["lr"]))
        runner.note = "set on the runner itself"


def test_general_points_are_called_in_training():
    hook, runner = OldHook(), make_runner()
    assert hook.acts_at("after_train_iter")
    hook.before_train_epoch(runner)
    hook.before_train_iter(runner, batch_idx=4, data_batch=None)
    hook.after_train_iter(runner, batch_idx=4, data_batch=None, outputs={"loss": 1.5})
    hook.after_train_epoch(runner)
    assert hook.seen == [("before_epoch", 2), ("before_iter", 4), ("after_iter", 4, 1.5), ("after_epoch", 2)]
    assert hook.every
    assert hook.rates == ([0.25], [0.5])
    assert runner.message_hub.get_scalar("train/mine").current() == 3
    assert runner.message_hub.get_scalar("train/other").current() == 4


def test_points_with_the_runner_only():
    hook, runner = OldTrainingHook(), make_runner()
    hook.after_train_iter(runner, batch_idx=1, data_batch=None, outputs={})
    assert hook.seen == [(1, 0.25)]
    assert runner.note == "set on the runner itself"


def test_points_of_today_are_left_alone():
    @HOOKS.register_module()
    class NewHook(Hook):
        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            self.seen = runner, batch_idx

    runner = make_runner()
    hook = NewHook()
    hook.after_train_iter(runner, 3)
    assert hook.seen == (runner, 3)


def test_a_point_that_nothing_calls_is_an_error():
    with pytest.raises(ConfigError, match=r"Both.after_iter would never be called"):

        @HOOKS.register_module()
        class Both(Hook):
            def after_iter(self, runner):
                pass

            def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
                pass
