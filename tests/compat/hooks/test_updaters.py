"""Schedules that users wrote as hooks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from mmpretrain.compat.hooks import updaters
from mmpretrain.engine.runner import MessageHub
from mmpretrain.errors import ConfigError

PARTS = """
from mmcv.runner import HOOKS, Hook
from mmcv.runner.hooks import LrUpdaterHook
from mmcv.runner.hooks.momentum_updater import MomentumUpdaterHook

@HOOKS.register_module()
class HalvingLrUpdaterHook(LrUpdaterHook):
    def __init__(self, factor, **kwargs):
        self.factor = factor
        super(HalvingLrUpdaterHook, self).__init__(**kwargs)

    def get_lr(self, runner, base_lr):
        progress = runner.epoch if self.by_epoch else runner.iter
        return base_lr * self.factor ** progress

@HOOKS.register_module()
class HalvingMomentumUpdaterHook(MomentumUpdaterHook):
    def get_momentum(self, runner, base_momentum):
        return base_momentum / (runner.epoch + 1)

seen = []

@HOOKS.register_module()
class Note(Hook):
    def before_train_iter(self, runner, *args, **kwargs):
        seen.append((runner.current_lr()[0], runner.current_momentum()[0]))
"""


def test_policies_of_the_user(old_run):
    old_run.train(
        "lr_config = dict(policy='Halving', factor=0.5, warmup='linear', warmup_iters=1, warmup_ratio=0.1)\n"
        "momentum_config = dict(policy='Halving')\n"
        "optimizer = dict(type='SGD', lr=0.1, momentum=0.9)\n"
        "custom_hooks = [dict(type='Note', priority='LOW')]\n",
        PARTS,
    )
    import parts_0

    expected = [(0.01, 0.9), (0.1, 0.9), (0.05, 0.45), (0.05, 0.45)]
    assert [tuple(pytest.approx(value) for value in pair) for pair in expected] == parts_0.seen
    assert "lr: 5.0000e-02" in old_run.lines


def test_by_type_and_by_iteration(old_run):
    old_run.train(
        "lr_config = dict(type='HalvingLrUpdaterHook', factor=0.5, by_epoch=False)\n"
        "custom_hooks = [dict(type='Note', priority='LOW')]\n",
        PARTS,
    )
    import parts_0

    assert [lr for lr, _ in parts_0.seen] == pytest.approx([0.1, 0.05, 0.025, 0.0125])


def test_classes_of_built_in_policies():
    """A subclass may read the options under their names, and change what comes out."""

    class Own(updaters.BUILT_IN["CosineAnnealingLrUpdaterHook"]):
        def get_lr(self, runner, base_lr):
            assert self.min_lr_ratio == 0.1
            assert self.min_lr is None
            return super().get_lr(runner, base_lr) * 2

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.2)
    runner = SimpleNamespace(
        optim_wrapper=optimizer,
        epoch=5,
        max_epochs=10,
        iter=50,
        max_iters=100,
        message_hub=MessageHub(),
        train_dataloader=range(10),
    )
    hook = Own(min_lr_ratio=0.1)
    hook.before_run(runner)
    hook.before_train_epoch(runner)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(2 * (0.02 + 0.18 / 2))
    assert not updaters.BUILT_IN["CyclicLrUpdaterHook"]().by_epoch


def test_a_bad_warmup():
    with pytest.raises(ConfigError, match="warmup must be"):
        updaters.LrUpdaterHook(warmup="cosine")
    with pytest.raises(ConfigError, match="warmup_iters above 0"):
        updaters.LrUpdaterHook(warmup="linear")
