"""Tests of :mod:`mmpretrain.engine.hooks.class_num_check`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS
from tests.engine import tiny


def test_class_num_check(make_runner, caplog):
    hooks = [dict(type="ClassNumCheckHook")]
    model = tiny.TinyModel()
    model.head.num_classes = 2
    make_runner(model=model, custom_hooks=hooks).train()
    model.head.num_classes = 3
    for mode in ("train", "val", "test"):
        with pytest.raises(
            ConfigError, match=r"Linear \(head\) has num_classes=3, but NoisyVectors has 2 classes"
        ):
            getattr(make_runner(model=model, custom_hooks=hooks), mode)()
    check = HOOKS.build(hooks[0])
    check._check(model, SimpleNamespace())
    assert "names no classes" in caplog.text
    with pytest.raises(ConfigError, match="sequence of names"):
        check._check(model, SimpleNamespace(CLASSES="cat"))
