"""Tests of :mod:`mmpretrain.config.source`."""

from __future__ import annotations

import copy

import pytest

from mmpretrain.config import Config, ConfigDict
from mmpretrain.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.py", "a = 1\nb = dict(\n", r"a.py:2: .*not valid Python"),
        ("a.py", "a = 1\nb = missing\n", r"a.py:2: NameError"),
        ("a.py", "def f():\n    return 1 / 0\na = f()\n", r"a.py:2: ZeroDivisionError"),
        ("a.yaml", "a: 1\nb: [\n", r"a.yaml:3: .*not valid YAML"),
        ("a.json", '{"a": 1,\n}', r"a.json:2: .*not valid JSON"),
        ("a.json", "[1]", r"a.json: A config is a mapping"),
        ("a.txt", "a", r"A config is a .py, .yaml, .yml or .json file"),
    ],
)
def test_broken_files_name_the_line(write, name, text, message):
    with pytest.raises(ConfigError, match=message):
        Config.fromfile(write(name, text))


def test_sources(cfg):
    assert str(cfg.source("model.norm.type")) == "base.py:3 (model.norm.type)"
    assert str(cfg.model.source("depth")) == "top.py:3 (model.depth)"
    assert str(cfg.source("list_.1.a")) == "top.py:4 (list_.1.a)"
    assert str(cfg.source("list_.0")) == "top.py:4 (list_)"
    assert cfg.source("nothing") is None
    history = [(source.place, value) for source, value in cfg.model.source("depth").history()]
    assert history == [("mid.py:2", 34), ("base.py:2", 50)]


def test_sources_of_parts(cfg):
    model = cfg.pop("model")
    assert str(model.source("depth")) == "top.py:3 (model.depth)"
    assert str(copy.deepcopy(model).norm.source("type")) == "base.py:3 (model.norm.type)"
    assert str(ConfigDict(model).source("depth")) == "top.py:3 (model.depth)"


def test_code_is_a_source_too(cfg):
    cfg.model.depth = 101
    source = cfg.source("model.depth")
    assert source.file == __file__
    assert [value for _, value in source.history()] == [18, 34, 50]
