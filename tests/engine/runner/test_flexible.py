"""Tests of :mod:`mmpretrain.engine.runner.flexible`."""

from __future__ import annotations

import pytest

from mmpretrain.config import Config
from mmpretrain.engine.runner import FlexibleRunner
from mmpretrain.errors import ConfigError
from mmpretrain.registry import RUNNERS
from tests.engine import tiny


def test_flexible_runner(tmp_path):
    args = tiny.config(work_dir=str(tmp_path))
    runner = FlexibleRunner(**args, strategy=dict(type="SingleDeviceStrategy"), compile=dict(backend="eager"))
    runner.train()
    assert runner.iter == 24
    assert runner.model.backbone._compiled_call_impl is not None


def test_runner_type_names_the_class(tmp_path):
    cfg = Config({**tiny.config(work_dir=str(tmp_path)), "runner_type": "FlexibleRunner"})
    assert type(RUNNERS.build(cfg)) is FlexibleRunner
    cfg.runner_type = "FlexibelRunner"
    with pytest.raises(ConfigError, match=r"\(runner_type\): .*Did you mean 'FlexibleRunner'"):
        RUNNERS.build(cfg)
