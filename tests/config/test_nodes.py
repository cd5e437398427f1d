"""``Config`` and ``ConfigDict`` as objects: access, copies, provenance, writing."""

from __future__ import annotations

import copy
import pickle

import pytest

from mmpretrain.config import Config, ConfigDict
from mmpretrain.errors import ConfigError


def test_access():
    cfg = ConfigDict(a=dict(b=[dict(c=1)], d=None), e=2)
    assert cfg.a.b[0].c == cfg["a"]["b"][0]["c"] == 1
    assert cfg.get("x", 5) == 5
    assert cfg.get("e") == 2
    assert cfg.pop("e") == 2
    assert cfg.pop("e") is None
    assert "e" not in cfg
    cfg.new = dict(f=1)
    assert cfg.new.f == 1
    del cfg.new
    assert list(cfg) == ["a"]
    assert cfg.setdefault("g", {"h": 1}).h == 1
    assert isinstance(cfg, dict)
    assert {**cfg}["a"] is cfg.a


def test_unknown_attribute_suggests():
    with pytest.raises(AttributeError, match=r"no attribute 'modle'\. Did you mean 'model'"):
        _ = ConfigDict(model=1).modle
    with pytest.raises(KeyError):
        _ = ConfigDict(model=1)["modle"]
    with pytest.raises(AttributeError, match=r"use node\['items'\]"):
        ConfigDict().items = 3


def test_update_goes_into_dicts_and_merge_deletes():
    cfg = ConfigDict(model=dict(a=1, b=dict(c=1)))
    cfg.update(dict(model=dict(b=dict(d=2))))
    assert cfg.model == dict(a=1, b=dict(c=1, d=2))
    cfg.merge(dict(model=dict(b=dict(_delete_=True, e=1))))
    assert cfg.model == dict(a=1, b=dict(e=1))


def test_config_arguments():
    with pytest.raises(TypeError, match="must be a dict"):
        Config([1])
    cfg = Config(dict(a=1), filename=__file__)
    assert "test_config_arguments" in cfg.text
    assert cfg._cfg_dict.to_dict() == dict(a=1)
    assert Config() == {}


@pytest.fixture
def cfg(write):
    write("base.py", "model = dict(\n    depth=50,\n    norm=dict(type='BN'))\nlr = 1\n")
    write("mid.py", "_base_ = 'base.py'\nmodel = dict(depth=34)\n")
    return Config.fromfile(
        write("top.py", "_base_ = 'mid.py'\n\nmodel = dict(depth=18)\nlist_ = [1, dict(a=2)]\n")
    )


def test_sources(cfg):
    assert str(cfg.source("model.norm.type")) == "base.py:3 (model.norm.type)"
    assert str(cfg.model.source("depth")) == "top.py:3 (model.depth)"
    assert str(cfg.source("list_.1.a")) == "top.py:4 (list_.1.a)"
    assert str(cfg.source("list_.0")) == "top.py:4 (list_)"
    assert cfg.source("nothing") is None
    history = [(source.place, value) for source, value in cfg.model.source("depth").history()]
    assert history == [("mid.py:2", 34), ("base.py:2", 50)]


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c)), Config.copy]
)
def test_copies(cfg, duplicate):
    other = duplicate(cfg)
    assert other == cfg
    assert type(other) is Config
    assert other.filename == cfg.filename
    assert str(other.source("model.depth")) == "top.py:3 (model.depth)"
    other.lr = 5
    assert cfg.lr == 1


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


@pytest.mark.parametrize("suffix", [".py", ".yaml", ".yml", ".json"])
def test_dump_round_trip(tmp_path, suffix):
    cfg = Config(
        dict(
            a=dict(b=[1, 2.5, None, True, "it's"], c=1e-8, d={}),
            nested=[dict(x=dict(y=[]))],
            **{"not-a-name": {"1": "x"}, "class": dict(type="A", **{"lambda": 2})},
            infinite=float("inf"),
            breaks="a\x85\u2028b\n",
            long=list(range(100)),
        )
    )
    path = tmp_path / f"out{suffix}"
    assert cfg.dump(path) is None
    assert Config.fromfile(path) == cfg


@pytest.mark.parametrize("suffix", [".py", ".yaml"])
def test_tuples_survive(tmp_path, suffix):
    cfg = Config(dict(a=(1,), b=((), [(1, 2)]), c=[(dict(d=(3,)),)]))
    cfg.dump(tmp_path / f"out{suffix}")
    assert Config.fromfile(tmp_path / f"out{suffix}") == cfg


def test_dump_of_classes_and_paths(tmp_path):
    cfg = Config(dict(type=ConfigDict, path=tmp_path))
    assert Config.fromstring(cfg.dump(), ".py") == dict(
        type="mmpretrain.config.node.ConfigDict", path=str(tmp_path)
    )
    with pytest.raises(ConfigError, match=r"out.txt"):
        cfg.dump(tmp_path / "out.txt")


def test_pretty_text_is_readable():
    cfg = Config(
        dict(
            model=dict(type="ImageClassifier", neck=dict(type="GlobalAveragePooling"), stages=(1, 2)),
            pipeline=[dict(type="LoadImageFromFile"), dict(type="RandomResizedCrop", scale=(1, 2))],
            wrapper=dict(optimizer=dict(type="SGD", lr=0.1)),
            empty=dict(),
        )
    )
    assert cfg.pretty_text == (
        "model = dict(\n"
        "    type='ImageClassifier',\n"
        "    neck=dict(type='GlobalAveragePooling'),\n"
        "    stages=(1, 2),\n"
        ")\n"
        "pipeline = [\n"
        "    dict(type='LoadImageFromFile'),\n"
        "    dict(type='RandomResizedCrop', scale=(1, 2)),\n"
        "]\n"
        "wrapper = dict(optimizer=dict(type='SGD', lr=0.1))\n"
        "empty = dict()\n"
    )


def test_diff():
    text = Config.diff(Config(dict(a=1, b=2)), Config(dict(a=1, b=3)))
    assert "-b = 2" in text
    assert "+b = 3" in text
    assert "-a" not in text
