"""Tests of :mod:`mmpretrain.config.template`."""

from __future__ import annotations

import os

import pytest

from mmpretrain.config import Config
from mmpretrain.errors import ConfigError
from tests.config.language_cases import BASE


def test_base_variables_in_every_position(write):
    write("base.py", BASE)
    cfg = Config.fromfile(
        write(
            "child.py",
            """
            _base_ = 'base.py'
            whole = {{_base_.model.norm}}
            in_call = dict(scale={{ _base_.scale }}, item={{_base_.model.stages.1.name}})
            in_text = 'work_dirs/{{_base_.name}}_{{ _base_.scale }}'
            quoted = '{{_base_.name}}'
            in_list = [{{_base_.scale}}, ({{_base_.scale}}, 2)]
            as_key = {{{_base_.name}}: 1, '{{_base_.name}}_2': 2}
            as_name = dict({{_base_.name}}=3)
            computed = {{_base_.scale}} * 2
            label = f'{computed}-{{_base_.name}}'
            """,
        )
    )
    assert cfg.whole == dict(type="BN", eps=1e-5)
    assert cfg.in_call == dict(scale=224, item="b")
    assert cfg.in_text == "work_dirs/base_224"
    assert cfg.quoted == "base"
    assert cfg.in_list == [224, (224, 2)]
    assert cfg.as_key == {"base": 1, "base_2": 2}
    assert cfg.as_name == dict(base=3)
    assert cfg.computed == 448
    assert cfg.label == "448-base"


def test_unknown_base_variable(write):
    write("base.py", BASE)
    with pytest.raises(ConfigError, match=r"child.py:2: .*'model.dept'.*Did you mean 'depth'"):
        Config.fromfile(write("child.py", "_base_ = 'base.py'\na = {{_base_.model.dept}}\n"))
    with pytest.raises(ConfigError, match=r"child2.py:3: .*Did you mean 'model'"):
        Config.fromfile(write("child2.py", "_base_ = 'base.py'\n\na = _base_.modle\n"))


def test_file_variables(write):
    cfg = Config.fromfile(
        write(
            "sub/my.net.py",
            """
            work_dir = './work_dirs/{{ fileBasenameNoExtension }}'
            parts = ['{{fileDirname}}', '{{ fileBasename }}', '{{ fileExtname }}']
            """,
        )
    )
    assert cfg.work_dir == "./work_dirs/my.net"
    assert cfg.parts == [os.path.join(os.getcwd(), "sub").replace(os.sep, "/"), "my.net.py", ".py"]


def test_environment_variables(write, monkeypatch):
    monkeypatch.setenv("MM_ROOT", "/data")
    monkeypatch.setenv("MM_CLASSES", "37")
    monkeypatch.delenv("MM_UNSET", raising=False)
    cfg = Config.fromfile(
        write(
            "a.py",
            """
            root = '{{$MM_ROOT:/default}}/images'
            classes = {{'$MM_CLASSES:1000'}}
            other = '{{ $MM_UNSET:fallback }}'
            bare = {{ $MM_UNSET:7 }}
            """,
        )
    )
    assert cfg.to_dict() == dict(root="/data/images", classes=37, other="fallback", bare=7)
    assert cfg.env_variables == {"MM_ROOT": "/data", "MM_CLASSES": "37"}
    with pytest.raises(ConfigError, match=r"b.py:2: .*MM_UNSET is not set"):
        Config.fromfile(write("b.py", "a = 1\nb = '{{$MM_UNSET:}}'\n"))
