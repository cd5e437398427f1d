from __future__ import annotations

import pytest

from mmpretrain.utils import web
from tests.checkpoints.sharded_cases import train
from tests.server import serve


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A server on this machine, and an empty cache."""
    monkeypatch.setattr(web, "RETRY_PAUSES", (0.0, 0.0))
    monkeypatch.setenv("MMPRETRAIN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("MIRRORS", "OFFLINE", "TIMEOUT"):
        monkeypatch.delenv(f"MMPRETRAIN_{name}", raising=False)
    for name in ("HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with serve() as site:
        yield site


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The work folder of a run that nobody disturbed."""
    return train(tmp_path_factory.mktemp("straight"))
