"""Fixtures of the tests in this folder."""

from __future__ import annotations

import json

import pytest

from tests.datasets.container_cases import CLASSES, COUNT, class_of, encoded


@pytest.fixture
def root(tmp_path):
    content = {
        "metainfo": {"classes": ["a", "b"], "task": "demo"},
        "data_list": [{"img_path": f"{i}.jpg", "gt_label": i % 2, "boxes": [[i, 2.5]]} for i in range(6)],
    }
    (tmp_path / "ann.json").write_text(json.dumps(content))
    return tmp_path


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "folder"
    for name in CLASSES:
        (root / name).mkdir(parents=True)
    for i in range(COUNT):
        (root / class_of(i) / f"{i}.png").write_bytes(encoded(i))
    return root


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "mmpretrain" / "preflight"
