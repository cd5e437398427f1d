"""Tests of :mod:`mmpretrain.config.tracked`."""

from __future__ import annotations

import copy
import pickle
import threading

import pytest

from mmpretrain.config.tracked import TrackedDict, sources_of
from mmpretrain.errors import ConfigError


def line_of(node, key):
    return sources_of(node)[key].line


def test_each_value_knows_the_line_that_set_it():
    node = TrackedDict(a=1)
    node["b"] = 2
    node.setdefault("c", 3)
    assert line_of(node, "b") == line_of(node, "a") + 1
    assert line_of(node, "c") == line_of(node, "a") + 2
    assert sources_of(node)["a"].file == __file__


def test_what_a_value_replaced_is_remembered():
    node = TrackedDict(a=1)
    node["a"] = 2
    source, value = sources_of(node)["a"].before
    assert value == 1
    assert source.line == line_of(node, "a") - 1
    del node["a"]
    assert sources_of(node) == {}


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d)), lambda d: d | {}]
)
def test_copies_know_it_too(copied):
    node = TrackedDict(a=[1])
    other = copied(node)
    assert type(other) is TrackedDict
    assert other == node
    assert line_of(other, "a") == line_of(node, "a")
    other["a"] = 3
    assert node["a"] == [1]


def test_an_update_keeps_the_sources_of_tracked_dicts():
    node, other = TrackedDict(a=1), TrackedDict(b=2)
    node |= other
    node.update({"c": 3}, d=4)
    assert line_of(node, "b") == line_of(other, "b")
    assert line_of(node, "c") == line_of(node, "d") != line_of(node, "b")


def test_what_exists_once_cannot_be_copied():
    with pytest.raises(ConfigError, match="'lock' of a config holds what cannot be copied") as caught:
        copy.deepcopy(TrackedDict(lock=threading.Lock()))
    assert "test_tracked.py" in str(caught.value)
