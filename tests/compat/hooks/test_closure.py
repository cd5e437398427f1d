"""Tests of :mod:`mmpretrain.compat.hooks.closure`."""

from __future__ import annotations

import pytest

from mmpretrain.compat.hooks.closure import ClosureHook
from mmpretrain.errors import ConfigError


def test_a_function_is_called_at_its_point(make_runner):
    seen = []
    hook = ClosureHook("after_train_epoch", lambda runner: seen.append(runner.epoch))
    runner = make_runner(custom_hooks=[hook])
    runner.train()
    assert seen == [0, 1, 2]


@pytest.mark.parametrize("arguments", [("after_lunch", print), ("after_run", "print")])
def test_what_is_no_point_or_no_function(arguments):
    with pytest.raises(ConfigError, match="takes a point of a run and a function"):
        ClosureHook(*arguments)
