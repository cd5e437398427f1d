"""The 1.x language: inheritance, variables, computed values, YAML and JSON."""

from __future__ import annotations

import os
import sys

import pytest

from mmpretrain.config import Config, ConfigDict
from mmpretrain.errors import ConfigError, MissingFileError

BASE = """
    model = dict(
        type='ResNet',
        depth=50,
        stages=[dict(name='a'), dict(name='b')],
        norm=dict(type='BN', eps=1e-5))
    name = 'base'
    scale = 224
"""


def test_child_overrides_and_extends(write):
    write("base.py", BASE)
    cfg = Config.fromfile(write("child.py", "_base_ = 'base.py'\nmodel = dict(depth=18)\nextra = 1\n"))
    assert cfg.model == dict(
        type="ResNet", depth=18, stages=[dict(name="a"), dict(name="b")], norm=dict(type="BN", eps=1e-5)
    )
    assert list(cfg) == ["model", "name", "scale", "extra"]


def test_bases_may_be_nested_and_elsewhere(write):
    write("base.py", BASE)
    write("schedules/long.py", "epochs = 300\n")
    write("families/mid.py", "_base_ = ['../base.py', '../schedules/long.py']\nname = 'mid'\n")
    cfg = Config.fromfile(write("deep/er/top.py", "_base_ = ['../../families/mid.py']\n"))
    assert (cfg.name, cfg.epochs, cfg.model.depth) == ("mid", 300, 50)


def test_delete_replaces_the_whole_dict(write):
    write("base.py", BASE)
    cfg = Config.fromfile(
        write("child.py", "_base_ = 'base.py'\nmodel = dict(norm=dict(_delete_=True, type='LN'))\n")
    )
    assert cfg.model.norm == dict(type="LN")
    assert cfg.model.source("norm.type").place == "child.py:2"


def test_delete_without_a_base_leaves_no_trace(write):
    cfg = Config.fromfile(write("a.py", "a = dict(_delete_=True, b=[dict(_delete_=True, c=1)])\n"))
    assert cfg == dict(a=dict(b=[dict(c=1)]))


def test_lists_are_replaced(write):
    write("base.py", BASE)
    cfg = Config.fromfile(write("child.py", "_base_ = 'base.py'\nmodel = dict(stages=[dict(name='c')])\n"))
    assert cfg.model.stages == [dict(name="c")]


def test_dict_over_a_value_needs_delete(write):
    write("base.py", BASE)
    with pytest.raises(ConfigError, match=r"child.py:2 \(model.depth\).*_delete_=True"):
        Config.fromfile(write("child.py", "_base_ = 'base.py'\nmodel = dict(depth=dict(a=1))\n"))


def test_duplicate_keys_name_both_bases(write):
    write("a.py", "x = 1\n")
    write("b.py", "y = 1\nx = 2\n")
    with pytest.raises(ConfigError, match=r"child.py:1.*'x'.*a.py:1 and b.py:2"):
        Config.fromfile(write("child.py", "_base_ = ['a.py', 'b.py']\n"))


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


def test_base_as_an_expression_and_as_a_target(write):
    write("base.py", BASE)
    cfg = Config.fromfile(
        write(
            "child.py",
            """
            _base_ = ['base.py']
            reversed_names = [s['name'] for s in _base_.model.stages][::-1]
            _base_.model.norm.eps = 1e-3
            _base_['model']['stages'][1]['name'] = 'z'
            model = dict(depth=_base_.model['depth'] * 2)
            """,
        )
    )
    assert cfg.reversed_names == ["b", "a"]
    assert cfg.model.norm.eps == 1e-3
    assert cfg.model.stages[1].name == "z"
    assert cfg.model.depth == 100
    assert cfg.source("model.norm.eps").place == "child.py:3"
    assert cfg.source("model.stages.1.name").place == "child.py:4"


def test_a_changed_base_variable_is_not_shared(write):
    write("base.py", "pipeline = [dict(type='A')]\ndata = dict(pipeline=pipeline)\n")
    cfg = Config.fromfile(write("child.py", "_base_ = 'base.py'\n_base_.pipeline[0]['type'] = 'B'\n"))
    assert cfg.pipeline[0].type == "B"
    assert cfg.data.pipeline[0].type == "A"


def test_unknown_base_variable(write):
    write("base.py", BASE)
    with pytest.raises(ConfigError, match=r"child.py:2: .*'model.dept'.*Did you mean 'depth'"):
        Config.fromfile(write("child.py", "_base_ = 'base.py'\na = {{_base_.model.dept}}\n"))
    with pytest.raises(ConfigError, match=r"child2.py:3: .*Did you mean 'model'"):
        Config.fromfile(write("child2.py", "_base_ = 'base.py'\n\na = _base_.modle\n"))


def test_computed_values_imports_and_intermediate_variables(write):
    cfg = Config.fromfile(
        write(
            "a.py",
            """
            import math
            from os.path import join
            from functools import partial
            norm = dict(mean=[1, 2], std=[3, 4])
            def double(x):
                return 2 * x
            size = int(math.sqrt(50176))
            pipeline = [dict(type='Normalize', **norm), dict(type='Crop', size=double(112))]
            data = {'pipeline': pipeline, **dict(root=join('a', 'b'))}
            squares = {str(i): i * i for i in range(3)}
            if size > 100:
                big = True
            for index in range(2):
                pass
            """,
        )
    )
    assert cfg.to_dict() == dict(
        norm=dict(mean=[1, 2], std=[3, 4]),
        size=224,
        pipeline=[dict(type="Normalize", mean=[1, 2], std=[3, 4]), dict(type="Crop", size=224)],
        data=dict(
            pipeline=[dict(type="Normalize", mean=[1, 2], std=[3, 4]), dict(type="Crop", size=224)],
            root="a/b",
        ),
        squares={"0": 0, "1": 1, "2": 4},
        big=True,
        index=1,
    )


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


def test_yaml_and_json_inherit_too(write):
    write("base.py", BASE)
    write(
        "child.yaml",
        "_base_: base.py\nmodel:\n  depth: 34\ncopy: {{_base_.model.norm}}\nt: a_{{_base_.name}}\n",
    )
    cfg = Config.fromfile(
        write(
            "top.json",
            """
            {
              "_base_": ["./child.yaml"],
              "model": {"norm": {"eps": 1}},
              "scale2": {{ _base_.scale }},
              "label": "x {{ _base_.name }}",
              "{{_base_.name}}": [true, null, "{{_base_.model.depth}}"]
            }
            """,
        )
    )
    assert cfg.model.depth == 34
    assert cfg.model.norm == dict(type="BN", eps=1)
    assert cfg["copy"] == dict(type="BN", eps=1e-5)
    assert cfg.t == "a_base"
    assert (cfg.scale2, cfg.label, cfg.base) == (224, "x base", [True, None, 34])
    assert cfg.source("model.depth").place == "child.yaml:3"
    assert cfg.source("model.norm.eps").place == "top.json:3"


def test_package_path(write, monkeypatch):
    write("my_pkg/__init__.py", "")
    write("my_pkg/configs/base.py", BASE)
    monkeypatch.syspath_prepend(os.getcwd())
    assert Config.fromfile(write("a.py", "_base_ = 'my_pkg::base.py'\n")).name == "base"
    with pytest.raises(ConfigError, match=r"b.py:1: The package 'no_pkg' is not installed"):
        Config.fromfile(write("b.py", "_base_ = 'no_pkg::base.py'\n"))


def test_deprecated_config(write):
    path = write("old.py", "_deprecation_ = dict(expected='new.py', reference='https://x.org')\na = 1\n")
    with pytest.warns(
        DeprecationWarning, match=r"old.py is deprecated. Use new.py instead. See https://x.org"
    ):
        cfg = Config.fromfile(path)
    assert cfg == dict(a=1)


def test_missing_base_names_the_line_and_a_close_file(write):
    write("base.py", BASE)
    with pytest.raises(MissingFileError, match=r"child.py:2: .*'bas.py'.*Did you mean 'base.py'"):
        Config.fromfile(write("child.py", "# x\n_base_ = './bas.py'\n"))
    with pytest.raises(MissingFileError, match=r"no config 'configs/x.py'"):
        Config.fromfile("configs/x.py")


def test_circular_inheritance(write):
    write("a.py", "_base_ = 'b.py'\n")
    write("b.py", "_base_ = 'a.py'\n")
    with pytest.raises(ConfigError, match=r"a.py -> b.py -> a.py"):
        Config.fromfile("a.py")


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


def test_in_file_dicts_behave_as_dicts(write):
    cfg = Config.fromfile(
        write(
            "a.py",
            """
            a = dict(x=dict(y=1), z=2)
            b = a.copy()
            b.update(x=dict(q=1))
            b['new'] = 5
            del b['z']
            c = b | {'w': 1}
            kind = isinstance(a, dict)
            shared = [1]
            d = dict(s=shared)
            shared.append(2)
            """,
        )
    )
    assert cfg.a == dict(x=dict(y=1), z=2)
    assert cfg.b == dict(x=dict(q=1), new=5)
    assert cfg.c == dict(x=dict(q=1), new=5, w=1)
    assert cfg.kind is True
    assert cfg.d.s == [1, 2]
    assert isinstance(cfg.b.x, ConfigDict)


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
