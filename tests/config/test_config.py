"""Tests of :mod:`mmpretrain.config.config`."""

from __future__ import annotations

import copy
import pickle
import sys

import pytest
from hypothesis import given

from mmpretrain.config import Config
from mmpretrain.errors import ConfigError
from tests.config.property_cases import dicts, fast, same


def test_custom_imports(write, monkeypatch):
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    write("my_pkg/__init__.py", "")
    write("my_pkg/found_by_config.py", "")
    cfg = Config.fromfile(write("a.py", "custom_imports = dict(imports=['my_pkg.found_by_config'])\n"))
    assert "my_pkg.found_by_config" in sys.modules
    assert cfg.custom_imports.imports == ["my_pkg.found_by_config"]
    text = "custom_imports = dict(imports='no_pkg.x', allow_failed_imports={})\n"
    strict = write("b.py", text.format(False))
    with pytest.raises(ImportError, match=r"b.py:1 \(custom_imports\): .*'no_pkg.x' does not import"):
        Config.fromfile(strict)
    Config.fromfile(strict, import_custom_modules=False)
    with pytest.warns(UserWarning, match="'no_pkg.x' does not import"):
        Config.fromfile(write("c.py", text.format(True)))


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("import numpie", "Change the imports of own_parts"),
        ("from mmpretrain.datasets import PIPLINES", "own_parts.py:1: .* Did you mean 'PIPELINES'"),
        ("from mmcv.ops import nms", "own_parts.py:1: mmcv.ops is not in mmpretrain 2.x"),
    ],
)
def test_custom_imports_whose_own_imports_fail(write, monkeypatch, tmp_path, line, hint):
    monkeypatch.syspath_prepend(str(tmp_path))
    write("own_parts.py", line)
    with pytest.raises(ImportError, match=hint):
        Config.fromfile(write("a.py", "custom_imports = dict(imports='own_parts')\n"))


def test_scope_is_accepted(write):
    from mmpretrain.registry import MODELS

    cfg = Config.fromfile(write("a.py", "m = dict(type='LeNet5', _scope_='mmcls', num_classes=3)\n"))
    assert MODELS.build(cfg.m).num_classes == 3


def test_fromstring():
    assert Config.fromstring("a = dict(b=1)\n", ".py").a.b == 1
    assert Config.fromstring("a:\n  b: [1, 2]\n", ".yaml").a.b == [1, 2]
    assert Config.fromstring('{"a": {"b": null}}', ".json").a.b is None
    with pytest.raises(ConfigError, match="file_format"):
        Config.fromstring("a = 1", ".toml")


def test_config_arguments():
    with pytest.raises(TypeError, match="must be a dict"):
        Config([1])
    cfg = Config(dict(a=1), filename=__file__)
    assert "test_config_arguments" in cfg.text
    assert cfg._cfg_dict.to_dict() == dict(a=1)
    assert Config() == {}


@fast
@given(dicts)
def test_copies_are_equal(config):
    cfg = Config(config)
    for other in (cfg.copy(), copy.deepcopy(cfg), pickle.loads(pickle.dumps(cfg)), Config(cfg)):
        assert same(other, cfg)
    assert same(cfg.to_dict(), config)
