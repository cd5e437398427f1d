"""Tests of :mod:`mmpretrain.engine.hooks.empty_cache`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.engine.hooks import (
    EmptyCacheHook,
)


@pytest.mark.parametrize(
    ("arguments", "count"),
    [({}, 5), ({"before_epoch": True}, 10), ({"after_epoch": False, "after_iter": True}, 32)],
)
def test_empty_cache(make_runner, monkeypatch, arguments, count):
    calls = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: calls.append(1))
    runner = make_runner(custom_hooks=[EmptyCacheHook(**arguments)])
    monkeypatch.setattr("mmpretrain.engine.hooks.empty_cache.torch.cuda.is_available", lambda: True)
    for hook in runner.hooks_of(EmptyCacheHook):
        for _ in range(3):
            hook.before_train_epoch(runner)
            for index in range(8):
                hook.after_train_iter(runner, index)
            hook.after_train_epoch(runner)
        for _ in range(2):
            hook.before_val_epoch(runner)
            for index in range(4):
                hook.after_val_iter(runner, index)
            hook.after_val_epoch(runner)
    assert len(calls) == count
