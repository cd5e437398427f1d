"""Tests of :mod:`mmpretrain.compat.names.gone`."""

from __future__ import annotations

import importlib
import re

import pytest

from mmpretrain.compat.names.gone import MODULES, NAMES


def exists(path):
    module, _, name = path.rpartition(".")
    if hasattr(importlib.import_module(module), name):
        return True
    return importlib.import_module(path) is not None  # a module: mmpretrain.apis


def test_a_name_of_ours_that_is_recommended_exists():
    texts = [*MODULES.values(), *NAMES.values()]
    paths = {match for text in texts for match in re.findall(r"mmpretrain(?:\.\w+)+", text)}
    assert len(paths) > 8
    assert all(exists(path) for path in paths)


@pytest.mark.parametrize(("path", "name"), [("mmcv.ops", "nms"), ("mmengine.testing", "assert_allclose")])
def test_who_imports_what_is_gone_reads_what_to_do(path, name):
    with pytest.raises((ImportError, AttributeError)) as caught:
        getattr(importlib.import_module(path), name)
    assert MODULES[path] in str(caught.value)
