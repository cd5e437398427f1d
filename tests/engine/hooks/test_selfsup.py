"""Tests of :mod:`mmpretrain.engine.hooks.selfsup`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmpretrain.engine.hooks import (
    DenseCLHook,
    SimSiamHook,
    SwAVHook,
)
from mmpretrain.errors import ConfigError
from tests.engine.hooks.hook_cases import fake_runner
from tests.models.selfsup.facts import play


def test_densecl():
    model = nn.Linear(1, 1)
    with pytest.raises(ConfigError, match="loss_lambda"):
        DenseCLHook().before_train(fake_runner(model))
    model.loss_lambda = 0.5
    hook, seen = DenseCLHook(start_iters=2), []
    hook.before_train(fake_runner(model))
    for iteration in range(4):
        hook.before_train_iter(fake_runner(model, iter=iteration), iteration)
        seen.append(model.loss_lambda)
    assert seen == [0.0, 0.0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        (SimSiamHook(fix_pred_lr=True, lr=0.05), (0.05, 1.0)),
        (SimSiamHook(fix_pred_lr=True, lr=0.05, adjust_by_epoch=False), (0.05, 0.05)),
        (SimSiamHook(fix_pred_lr=False, lr=0.05), (1.0, 1.0)),
    ],
)
def test_simsiam(hook, expected):
    groups = [{"lr": 1.0, "fix_lr": True}, {"lr": 1.0}]
    runner = SimpleNamespace(optim_wrapper=SimpleNamespace(optimizer=SimpleNamespace(param_groups=groups)))
    hook.before_train_epoch(runner)
    at_epoch, groups[0]["lr"] = groups[0]["lr"], 1.0
    hook.before_train_iter(runner, 0)
    assert (at_epoch, groups[0]["lr"]) == expected
    assert groups[1]["lr"] == 1.0


class SwAV(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Module()
        self.head.prototypes = nn.Linear(2, 2)
        self.head.loss_module = SimpleNamespace(queue=None, use_queue=True)


def test_swav(tmp_path):
    arguments = dict(batch_size=4, epoch_queue_starts=1, feat_dim=2, queue_length=9)
    hook = SwAVHook(**arguments, frozen_layers_cfg={"prototypes": 3})
    model = SwAV()
    loss, param = model.head.loss_module, model.head.prototypes.weight
    hook.before_run(fake_runner(model, work_dir=str(tmp_path)))
    trained = []
    for epoch in range(2):
        hook.before_train_epoch(fake_runner(model, epoch=epoch))
        assert (loss.queue is None) == (epoch == 0)
        assert not loss.use_queue
        for iteration in range(2 * epoch, 2 * epoch + 2):
            hook.before_train_iter(fake_runner(model, iter=iteration), iteration)
            trained.append(param.requires_grad)
            hook.after_train_iter(fake_runner(model), iteration)
    assert trained == [False, False, False, True]
    assert loss.queue.shape == (2, 8, 2)
    loss.queue = loss.queue + 3
    hook.after_train_iter(fake_runner(model), 4)
    other = SwAVHook(**arguments)
    other.load_state_dict(hook.state_dict())
    other.before_train_epoch(fake_runner(model, epoch=2))
    assert torch.equal(loss.queue, torch.full((2, 8, 2), 3.0))


def test_swav_queue_of_1x(tmp_path):
    torch.save({"queue": torch.ones(2, 8, 2)}, tmp_path / "queue.pth")
    hook = SwAVHook(batch_size=4, queue_length=8)
    hook.before_run(fake_runner(SwAV(), work_dir=str(tmp_path)))
    assert hook.queue is not None
    assert hook.queue.shape == (2, 8, 2)


@pytest.mark.parametrize("name", ["DenseCLHook", "SimSiamHook", "SwAVHook"])
def test_hooks_as_recorded(name):
    assert play("hooks", name) == []
