from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from mmpretrain.config import Config
from tests.config.pure_cases import BASE, CHILD


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files below a fresh working folder: ``write('a/b.py', text)`` returns the path."""
    monkeypatch.chdir(tmp_path)

    def write_file(name: str, text: str) -> str:
        path = Path(tmp_path, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return str(path)

    return write_file


@pytest.fixture
def cfg(write):
    write("base.py", "model = dict(\n    depth=50,\n    norm=dict(type='BN'))\nlr = 1\n")
    write("mid.py", "_base_ = 'base.py'\nmodel = dict(depth=34)\n")
    return Config.fromfile(
        write("top.py", "_base_ = 'mid.py'\n\nmodel = dict(depth=18)\nlist_ = [1, dict(a=2)]\n")
    )


@pytest.fixture
def child(write):
    write("_base_/model.py", BASE)
    write("_base_/extra.py", "extra = dict(a=1)\n")
    return write("family/child.py", CHILD)
