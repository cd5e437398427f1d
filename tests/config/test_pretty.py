"""Tests of :mod:`mmpretrain.config.pretty`."""

from __future__ import annotations

import pytest
from hypothesis import given

from mmpretrain.config import Config, ConfigDict
from mmpretrain.config.bounds import MAX_DEPTH
from mmpretrain.config.pretty import format_value, to_python
from mmpretrain.errors import ConfigError
from tests.config.property_cases import dicts, fast, same, values


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


def test_deep_values_are_written_in_linear_time():
    value: list = []
    for _ in range(MAX_DEPTH - 5):
        value = [value]
    text = to_python({"a": value})
    scope: dict = {}
    exec(text, scope)
    assert scope["a"] == value


@pytest.mark.parametrize("suffix", [".py", ".yaml"])
def test_dumps_come_back(suffix):
    @fast
    @given(dicts)
    def check(config):
        cfg = Config(config)
        dumper = {".py": cfg.dump, ".yaml": lambda: _written(cfg)}
        assert same(Config.fromstring(dumper[suffix](), suffix), cfg)

    check()


def _written(cfg: Config) -> str:
    from mmpretrain.config.pretty import to_yaml

    return to_yaml(cfg)


@fast
@given(values)
def test_values_are_written_as_python(value):
    assert same(eval(format_value(value)), value)
