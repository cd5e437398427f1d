from __future__ import annotations

import pytest

from tests.engine import tiny


@pytest.fixture
def make_runner(tmp_path):
    """A function that builds a runner for a tiny model; see :func:`tests.engine.tiny.config`."""

    def make(**changes):
        changes.setdefault("work_dir", str(tmp_path / "work"))
        return tiny.make_runner(**changes)

    return make
