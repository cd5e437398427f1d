"""Tests of :mod:`mmpretrain.registry.explanations`."""

from __future__ import annotations

import re

import pytest

from mmpretrain.errors import NotRegisteredError
from mmpretrain.registry import MODELS, find_class
from tests.registry.cases import Node


def test_unknown_type_suggests(pets):
    with pytest.raises(NotRegisteredError, match="Did you mean 'Cat'") as caught:
        pets.build(Node(type="Cta"))
    assert str(caught.value).startswith("configs/my.py:1 (model.type): 'Cta' is not a registered pet")


def test_unknown_type_finds_the_class_in_the_working_folder(pets, tmp_path, monkeypatch):
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "birds.py").write_text("import os\n\nclass Parrot:\n    pass\n")
    (tmp_path / "broken.py").write_text("class Parrot(:\n")
    monkeypatch.chdir(tmp_path)
    advice = re.escape("zoo/birds.py:3: add custom_imports=dict(imports=['zoo.birds']")
    with pytest.raises(NotRegisteredError, match=advice):
        pets.build(dict(type="Parrot"))


def test_find_class_leaves_environments_out(tmp_path):
    for folder in (".hidden", "env", "src"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text("class A: pass\n")
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    assert [str(path) for path, _ in find_class("A", tmp_path)] == ["src/a.py"]


def test_type_in_the_wrong_place():
    with pytest.raises(NotRegisteredError, match="There is a hook of that name"):
        MODELS.build(dict(type="CheckpointHook"))
