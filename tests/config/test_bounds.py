"""Tests of :mod:`mmpretrain.config.bounds`."""

from __future__ import annotations

import pytest

from mmpretrain.config import Config
from mmpretrain.config.bounds import check_bounds
from mmpretrain.errors import ConfigError


def test_configs_from_python_are_bounded_too():
    values: dict = {"a": {}}
    values["a"]["b"] = values
    with pytest.raises(ConfigError, match=r"a\.b cannot be part of a config: it contains itself"):
        Config(values)
    shared = {"x": 1}
    check_bounds({"a": shared, "b": [shared, shared]}, None)
