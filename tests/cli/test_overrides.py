"""Tests of :mod:`mmpretrain.cli.overrides`."""

from __future__ import annotations

from mmpretrain.cli.train import prepare, run
from mmpretrain.config import Config


def test_hooks_do_not_wait_for_a_validation_that_is_left_out(tmp_path):
    (tmp_path / "my.py").write_text("_base_ = 'mmpretrain::lenet/lenet5_digits.py'")
    cfg = Config.fromfile(tmp_path / "my.py")
    cfg.work_dir, cfg.train_cfg.max_epochs = str(tmp_path), 1
    stopping = dict(type="EarlyStoppingHook", monitor="accuracy/top1")
    cfg.custom_hooks, cfg.default_hooks.stopping = [stopping], dict(stopping)
    assert cfg.default_hooks.checkpoint.save_best
    prepare(cfg, validate=False)
    run(cfg, summary=False)
    assert (tmp_path / "epoch_1.pth").exists()
