"""--epochs, --batch-size, --lr, --device and --workers beside --cfg-options; metrics by any spelling."""

from __future__ import annotations

import importlib
import inspect

import pytest

from mmpretrain.cli import shortcuts
from mmpretrain.errors import ConfigError
from tests.cli.shortcut_cases import config


def test_options_of_training():
    cfg = config()
    shortcuts.apply(cfg, ("train", "val"), epochs=2, batch_size=4, lr=0.5, device="cpu", workers=0)
    assert cfg.train_cfg.max_epochs == 2
    assert (cfg.train_dataloader.batch_size, cfg.val_dataloader.batch_size) == (4, 4)
    assert (cfg.train_dataloader.num_workers, cfg.test_dataloader.num_workers) == (0, 4)
    assert cfg.optim_wrapper.optimizer.lr == 0.5
    assert cfg.device == "cpu"
    assert str(cfg.source("optim_wrapper.optimizer.lr")) == "--lr (optim_wrapper.optimizer.lr)"


def test_without_options_nothing_changes():
    cfg = config()
    shortcuts.apply(cfg, ("train", "val"))
    assert cfg == config()


def test_a_split_without_data():
    cfg = config(val_dataloader=None)
    shortcuts.apply(cfg, ("train", "val"), batch_size=2)
    assert cfg.val_dataloader is None


@pytest.mark.parametrize(
    ("changes", "options", "says"),
    [
        (dict(train_cfg=dict(by_epoch=False, max_iters=9)), dict(epochs=3), "--epochs: the training loop"),
        (dict(train_cfg=dict(max_iters=9)), dict(epochs=3), "counts iterations"),
        (dict(optim_wrapper=None), dict(lr=0.1), "--lr: the config has no optim_wrapper.optimizer.lr"),
    ],
)
def test_what_a_config_does_not_have(changes, options, says):
    with pytest.raises(ConfigError, match=says):
        shortcuts.apply(config(**changes), ("train",), **options)


def test_how_samples_are_loaded():
    plain = dict(type="CustomDataset", data_prefix="x")
    cfg = config(
        train_dataloader=dict(dataset=dict(type="RepeatDataset", times=2, dataset=dict(plain))),
        test_dataloader=dict(dataset=dict(plain)),
    )
    shortcuts.Loading("auto", "ram", "2GB").apply(cfg, ("train",))
    assert cfg.train_dataloader.tune == "auto"
    assert cfg.train_dataloader.dataset.dataset == {**plain, "cache": "ram", "cache_size": "2GB"}
    assert cfg.test_dataloader.dataset == plain
    shortcuts.Loading(cache="disk").apply(cfg, ("test",))
    assert cfg.test_dataloader.dataset == {**plain, "cache": "disk"}
    before = cfg.copy()
    shortcuts.Loading().apply(cfg, ("train", "val", "test"))
    assert cfg == before


def test_the_size_of_no_cache():
    with pytest.raises(
        ConfigError,
        match=r"--cache-size: .*none is asked for\. Add --cache ram",
    ):
        shortcuts.Loading(cache_size="2GB")


@pytest.mark.parametrize("command", ["train", "finetune", "pretrain", "tune", "test"])
def test_commands_that_read_images_again_and_again_may_keep_them(command):
    options = set(
        inspect.signature(getattr(importlib.import_module(f"mmpretrain.cli.{command}"), command)).parameters
    )
    assert {"cache", "cache_size"} <= options
    assert ("loader" in options) == (command in ("train", "finetune", "pretrain"))
