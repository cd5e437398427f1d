"""Tests of :mod:`mmpretrain.compat.runner.unsupported`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError


def test_a_strategy_of_another_library_says_what_to_use(make_runner):
    with pytest.raises(ConfigError, match="FSDPStrategy"):
        make_runner(cfg=dict(device="cpu", strategy=dict(type="DeepSpeedStrategy")))
