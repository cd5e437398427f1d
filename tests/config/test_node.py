"""Tests of :mod:`mmpretrain.config.node`."""

from __future__ import annotations

import copy
import pickle

import pytest

from mmpretrain.config import Config, ConfigDict


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
