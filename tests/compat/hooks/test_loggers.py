"""Logger hooks of users, and those of MMCV 1.x by their names."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from mmpretrain.errors import ConfigError

PARTS = """
from mmcv.runner import HOOKS, LoggerHook, master_only

rows = []

@HOOKS.register_module()
class RowsHook(LoggerHook):
    def __init__(self, name, **kwargs):
        super().__init__(**kwargs)
        self.name = name

    @master_only
    def log(self, runner):
        rows.append((self.get_step(runner), sorted(self.get_loggable_tags(runner))))
"""


def test_an_own_logger_hook(old_run):
    old_run.train(
        "log_config = dict(interval=2, hooks=[dict(type='RowsHook', name='x')])\n",
        PARTS,
    )
    import parts_0

    steps = [step for step, _ in parts_0.rows]
    assert steps == [2, 1, 4, 2], "iterations in training, epochs after a validation"
    names = set(parts_0.rows[0][1])
    assert {"train/loss", "learning_rate", "momentum"} <= names
    assert "train/data_time" not in names
    assert "val/accuracy/top1" in parts_0.rows[1][1]


def test_text(old_run):
    parts = """
from mmcv.runner import HOOKS, TextLoggerHook

@HOOKS.register_module()
class MyTextHook(TextLoggerHook):
    def _log_info(self, log_dict, runner):
        runner.logger.info(f"mine {log_dict['mode']} {sorted(log_dict)[0]}")
"""
    old_run.train("log_config = dict(interval=2, hooks=[dict(type='MyTextHook')])\n", parts)
    assert "mine train learning_rate" in old_run.lines
    assert "mine val accuracy/top1" in old_run.lines


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="needs tensorboard")
def test_tensorboard_by_its_class(old_run):
    parts = """
from mmcv.runner import HOOKS, TensorboardLoggerHook

@HOOKS.register_module()
class MyBoardHook(TensorboardLoggerHook):
    pass
"""
    old_run.train("log_config = dict(interval=2, hooks=[dict(type='MyBoardHook', log_dir='board')])\n", parts)
    assert list(Path("board").rglob("events*"))


def test_a_service_that_is_closed(old_run):
    with pytest.raises(ConfigError, match=r"PaviLoggerHook.*service is closed: use TensorboardLoggerHook"):
        old_run.config("log_config = dict(hooks=[dict(type='PaviLoggerHook')])\n")
    with pytest.raises(ImportError, match="service is closed"):
        exec("from mmcv.runner import PaviLoggerHook")
