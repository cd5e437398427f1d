"""Tests of :mod:`mmpretrain.utils.modules`."""

from __future__ import annotations

from mmpretrain.registry import MODELS
from mmpretrain.utils import register_all_modules


def test_scripts_of_1x_may_call_it():
    assert register_all_modules() is None
    assert register_all_modules(init_default_scope=False) is None
    assert MODELS.get("ResNet").__name__ == "ResNet"
