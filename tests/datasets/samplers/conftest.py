"""Fixtures of the tests in this folder."""

from __future__ import annotations

import pytest

from mmpretrain.datasets.samplers import base


@pytest.fixture
def place(monkeypatch):
    def at(rank, world_size):
        monkeypatch.setattr(base, "get_dist_info", lambda: (rank, world_size))

    return at
