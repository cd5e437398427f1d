"""Optimizer hooks of users do backward and the step, as in MMCV 1.x."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError

PARTS = """
from mmcv.runner import HOOKS, Fp16OptimizerHook, OptimizerHook

calls = []

@HOOKS.register_module()
class EveryOtherHook(OptimizerHook):
    def __init__(self, every, **kwargs):
        super().__init__(**kwargs)
        self.every = every

    def before_run(self, runner):
        calls.append(('before_run', runner.max_iters))

    def after_train_iter(self, runner):
        runner.outputs['loss'].backward()
        if self.every_n_iters(runner, self.every):
            norm = self.clip_grads(runner.model.parameters())
            runner.log_buffer.update({'grad_norm': float(norm)}, runner.outputs['num_samples'])
            runner.optimizer.step()
            runner.optimizer.zero_grad()
            calls.append(('step', runner.iter, runner.inner_iter, runner.outputs['num_samples']))
"""


def test_an_own_hook_makes_the_steps(old_run):
    runner = old_run.train(
        "optimizer_config = dict(type='EveryOtherHook', every=2, grad_clip=dict(max_norm=0.01))\n", PARTS
    )
    import parts_0

    assert parts_0.calls == [("before_run", 4), ("step", 1, 1, 2), ("step", 3, 1, 2)]
    assert "grad_norm: " in old_run.lines
    assert runner.iter == 4


@pytest.mark.parametrize(
    ("config", "same_as"),
    [
        (
            "dict(type='DistOptimizerHook', grad_clip=dict(max_norm=1.0))",
            "dict(grad_clip=dict(max_norm=1.0))",
        ),
        ("dict(type='MyHook', grad_clip=dict(max_norm=1.0))", "dict(grad_clip=dict(max_norm=1.0))"),
        (
            "dict(type='MyCumulativeHook', cumulative_iters=3)",
            "dict(type='GradientCumulativeOptimizerHook', cumulative_iters=3)",
        ),
    ],
)
def test_a_hook_that_changes_nothing_gives_the_same_weights(old_run, config, same_as):
    parts = """
from mmcv.runner import HOOKS
from mmcv.runner.hooks.optimizer import GradientCumulativeOptimizerHook, OptimizerHook

@HOOKS.register_module()
class MyHook(OptimizerHook):
    pass

@HOOKS.register_module()
class MyCumulativeHook(GradientCumulativeOptimizerHook):
    pass
"""
    first = old_run.train(f"optimizer_config = {config}\n", parts).model.state_dict()
    second = old_run.train(f"optimizer_config = {same_as}\n").model.state_dict()
    for key, value in first.items():
        assert torch.equal(value, second[key]), key


def test_mixed_precision(old_run):
    parts = """
from mmcv.runner import HOOKS, Fp16OptimizerHook
import torch

@HOOKS.register_module()
class MyHalfHook(Fp16OptimizerHook):
    def after_train_iter(self, runner):
        assert torch.is_autocast_enabled('cpu') is False  # the forward pass is over
        super().after_train_iter(runner)
        runner.note = self.loss_scaler.state_dict()
"""
    runner = old_run.train("optimizer_config = dict(type='MyHalfHook', loss_scale='dynamic')\n", parts)
    assert isinstance(runner.note, dict)
    checkpoint = torch.load("work/epoch_2.pth", weights_only=False)
    assert "loss_scaler" in checkpoint["optimizer"]


def test_as_a_custom_hook_it_would_make_a_second_step(old_run):
    with pytest.raises(ConfigError, match=r"optimizer_config = dict\(type='MyHook'\)"):
        old_run.train(
            "custom_hooks = [dict(type='MyHook')]\n",
            "from mmcv.runner import HOOKS, OptimizerHook\n"
            "@HOOKS.register_module()\nclass MyHook(OptimizerHook):\n    pass\n",
        )


def test_one_that_is_not_there(old_run):
    with pytest.raises(ConfigError, match=r"The optimizer hook 'Nope' cannot be translated.*custom_imports"):
        old_run.config("optimizer_config = dict(type='Nope')\n")
