"""Tests of :mod:`mmpretrain.compat.names.modules`."""

from __future__ import annotations

import importlib

from mmpretrain.compat.names.modules import MODULES


def test_every_module_path_of_1x_imports():
    for module in MODULES:
        if module.startswith("mmpretrain"):
            assert importlib.import_module(module).__name__ == module
