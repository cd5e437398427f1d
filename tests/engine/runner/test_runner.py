"""Tests of :mod:`mmpretrain.engine.runner.runner`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mmpretrain.checkpoints import serialization
from mmpretrain.errors import ConfigError
from tests.engine import tiny

HOOKS = dict(
    logger=dict(type="LoggerHook", interval=2),
    checkpoint=dict(type="CheckpointHook", interval=1, save_best="auto", max_keep_ckpts=2),
)


def test_train_then_test(make_runner):
    runner = make_runner(default_hooks=HOOKS)
    model = runner.train()
    assert isinstance(model, tiny.TinyModel)
    assert (runner.epoch, runner.iter, runner.max_iters) == (3, 24, 24)
    work = Path(runner.work_dir)
    best = f"best_acc_epoch_{runner.state.best_checkpoint[-5]}.pth"
    assert {p.name for p in work.iterdir() if p.is_file()} == {
        "epoch_2.pth",
        "epoch_3.pth",
        "last_checkpoint",
        "run.json",
        best,
    }
    assert (work / "last_checkpoint").read_text() == str(work / "epoch_3.pth") == runner.state.last_checkpoint
    assert runner.state.best_score > 90
    assert runner.test()["acc"] > 90


def test_checkpoint_has_the_layout_of_1x(make_runner):
    runner = make_runner()
    runner.train()
    content = serialization.load(runner.state.last_checkpoint)
    assert {"meta", "state_dict", "optimizer", "param_schedulers", "message_hub"} <= set(content)
    assert content["meta"]["epoch"] == 3
    assert content["meta"]["iter"] == 24
    assert content["meta"]["dataset_meta"] == tiny.NoisyVectors.metainfo
    # Anything that torch itself calls safe can be read by anyone.
    assert torch.load(runner.state.last_checkpoint, weights_only=True)["meta"]["seed"] == 0


def test_misspelt_metric_is_named(make_runner):
    runner = make_runner(default_hooks=dict(checkpoint=dict(type="CheckpointHook", save_best="accc")))
    with pytest.raises(ConfigError, match="Did you mean 'acc'"):
        runner.train()


def test_auto_scale_lr(make_runner):
    runner = make_runner(auto_scale_lr=dict(enable=True, base_batch_size=16), param_scheduler=None)
    runner.train()
    assert runner.optim_wrapper.get_lr()["lr"][0] == pytest.approx(0.1 * 4 / 16)


def test_the_same_seed_gives_the_same_run(make_runner, tmp_path):
    def losses(name, seed):
        randomness = dict(seed=seed, deterministic=True)
        runner = make_runner(work_dir=str(tmp_path / name), randomness=randomness)
        runner.train()
        return runner.message_hub.get_scalar("train/loss").data[0].tolist()

    try:
        assert losses("a", 0) == losses("b", 0) != losses("c", 1)
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.deterministic = False
