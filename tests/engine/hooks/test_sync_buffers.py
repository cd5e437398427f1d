"""Tests of :mod:`mmpretrain.engine.hooks.sync_buffers`."""

from __future__ import annotations

from types import SimpleNamespace

from torch import nn

from mmpretrain.engine.hooks import (
    SyncBuffersHook,
)


def test_sync_buffers(monkeypatch):
    calls = []
    monkeypatch.setattr(
        "mmpretrain.engine.hooks.sync_buffers.all_reduce_params", lambda buffers, op: calls.append(op)
    )
    hook, runner = SyncBuffersHook(), SimpleNamespace(model=nn.BatchNorm1d(2))
    hook.after_train_epoch(runner)
    hook.before_val_epoch(runner)  # nothing has changed since
    assert calls == ["mean"]
    hook.before_val_epoch(runner)
    assert calls == ["mean", "mean"]
