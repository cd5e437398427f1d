"""Tests of :mod:`mmpretrain.engine.hooks.access`."""

from __future__ import annotations

from torch import nn

from mmpretrain.engine.hooks.access import is_model_wrapper, unwrap
from mmpretrain.registry import MODEL_WRAPPERS


def test_the_model_is_found_inside_several_wrappers():
    class Wrapper(nn.Module):
        def __init__(self, module):
            super().__init__()
            self.module = module

    model = nn.Linear(2, 2)
    assert unwrap(Wrapper(model)).module is model  # a module that only happens to hold one
    MODEL_WRAPPERS.register_module(module=Wrapper)
    assert is_model_wrapper(Wrapper(model))
    assert unwrap(Wrapper(Wrapper(model))) is model
    assert not is_model_wrapper(model)
