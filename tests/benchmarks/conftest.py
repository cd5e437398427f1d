"""Scripts of `benchmarks` import each other by their bare names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SHARED = (
    "data_pipeline",
    "digits",
    "engine_overhead",
    "environments",
    "page",
    "quick",
    "run",
    "selfsup_digits",
    "turns",
)


@pytest.fixture(autouse=True)
def bare_names(monkeypatch):
    known = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for name in set(sys.modules) - known:
        if name.partition(".")[0] in SHARED:
            del sys.modules[name]
