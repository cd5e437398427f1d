"""Which key of a config an error is about."""

from __future__ import annotations

import pytest

from mmpretrain.blame import explain, locate, locate_key, quoted
from mmpretrain.config import Config

TEXT = "a = dict(\n    type='Net',\n    width=3,\n    inner=dict(type='Part', width=4, depth=5))\n"


@pytest.fixture
def node(tmp_path):
    path = tmp_path / "cfg.py"
    path.write_text(TEXT)
    return Config.fromfile(path).a


def test_a_node_and_its_keys(node):
    assert locate(node, "width").endswith("cfg.py:3 (a.width)")
    assert locate(node, "absent").endswith("cfg.py:2 (a.type)")
    assert locate({"width": 3}, "width") is None


def test_a_key_further_inside(node):
    assert locate_key(node, "depth").endswith("cfg.py:4 (a.inner.depth)")
    assert locate_key(node, "width").endswith("cfg.py:3 (a.width)")


def test_the_first_key_that_a_message_names(node):
    assert quoted(node, "the depth and the width are odd").endswith("(a.inner.depth)")
    assert quoted(node, "widths are odd").endswith("(a.type)")


def test_arguments_of_constructors_inside(node):
    error = explain(TypeError("_Part.__init__() got an unexpected keyword argument 'depth'"), node)
    assert str(error).endswith("(a.inner.depth): Part has no argument 'depth'")
    assert explain(TypeError("unsupported operand"), node) is None
