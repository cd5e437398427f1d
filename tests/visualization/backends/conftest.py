"""Fixtures of the tests in this folder."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tests.visualization.backends.backend_cases import Recorder


@pytest.fixture
def stand_in(monkeypatch):
    def make(package, *parts):
        calls: list = []
        for name in (package, *parts):
            module = ModuleType(name)
            module.__getattr__ = Recorder(calls).__getattr__  # type: ignore[method-assign]
            monkeypatch.setitem(sys.modules, name, module)
        return calls

    return make
