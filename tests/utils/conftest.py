"""Fixtures of the tests in this folder."""

from __future__ import annotations

import pytest


@pytest.fixture
def folder(tmp_path):
    for name in ("a b.txt", "sub/ü.txt", "sub/deep/c.bin", ".hidden/d.txt"):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "root"
