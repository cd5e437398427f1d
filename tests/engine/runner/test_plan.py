"""Tests of :mod:`mmpretrain.engine.runner.plan`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError


def test_incomplete_config_is_refused(make_runner):
    with pytest.raises(ConfigError, match="optim_wrapper missing"):
        make_runner(optim_wrapper=None, param_scheduler=None)
