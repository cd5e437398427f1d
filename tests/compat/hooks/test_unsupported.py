"""Tests of :mod:`mmpretrain.compat.hooks.unsupported`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS


@pytest.mark.parametrize("name", ["NPUProfilerHook", "RFSearchHook"])
def test_hooks_that_are_gone(name):
    with pytest.raises(ConfigError, match=f"{name} .* not part of mmpretrain"):
        HOOKS.build(dict(type=name))
