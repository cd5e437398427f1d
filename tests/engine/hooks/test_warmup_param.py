"""Tests of :mod:`mmpretrain.engine.hooks.warmup_param`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError
from tests.engine import tiny


def test_warmup_param(make_runner):
    class WithAlpha(tiny.TinyModel):
        seen: list = []

        def __init__(self):
            super().__init__()
            self.head.alpha = 2.0

        def train_step(self, data, optim_wrapper):
            self.seen.append(self.head.alpha)
            return super().train_step(data, optim_wrapper)

    hook = dict(type="WarmupParamHook", param_name="alpha", module_name="head", warmup_epochs=2)
    model = WithAlpha()
    make_runner(model=model, custom_hooks=[hook]).train()
    assert model.seen == pytest.approx([2.0 * min(1, i / 16) for i in range(24)])
    with pytest.raises(ConfigError, match="module_name='neck'"):
        make_runner(model=WithAlpha(), custom_hooks=[{**hook, "module_name": "neck"}]).train()
