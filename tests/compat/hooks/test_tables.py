"""Tests of :mod:`mmpretrain.compat.hooks.tables`."""

from __future__ import annotations

import inspect

from mmpretrain.compat.hooks.tables import BACKEND_ARGUMENTS, BACKENDS, CLOSED
from mmpretrain.registry import VISBACKENDS


def test_each_logger_hook_has_a_backend_that_takes_its_arguments():
    kinds = [VISBACKENDS.get(name) for name in set(BACKENDS.values())]
    known = {name for kind in kinds for name in inspect.signature(kind).parameters}
    assert set(BACKEND_ARGUMENTS.values()) <= known
    assert all("save_dir" in inspect.signature(kind).parameters for kind in kinds)


def test_hooks_of_closed_services_name_one_that_is_open():
    for text in CLOSED.values():
        assert any(name in text for name in BACKENDS)
