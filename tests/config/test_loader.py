"""Tests of :mod:`mmpretrain.config.loader`."""

from __future__ import annotations

import os

import pytest

from mmpretrain.config import Config
from mmpretrain.errors import ConfigError, MissingFileError
from tests.config.language_cases import BASE


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


def test_a_changed_base_variable_is_not_shared(write):
    write("base.py", "pipeline = [dict(type='A')]\ndata = dict(pipeline=pipeline)\n")
    cfg = Config.fromfile(write("child.py", "_base_ = 'base.py'\n_base_.pipeline[0]['type'] = 'B'\n"))
    assert cfg.pipeline[0].type == "B"
    assert cfg.data.pipeline[0].type == "A"


def test_package_path(write, monkeypatch):
    write("my_configs/__init__.py", "")
    write("my_configs/configs/base.py", BASE)
    monkeypatch.syspath_prepend(os.getcwd())
    assert Config.fromfile(write("a.py", "_base_ = 'my_configs::base.py'\n")).name == "base"
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


_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi")
)

_MERGED = "a0: &a0 {x: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 12)
)

#: File name, content -> parts of the message.
ODD = [
    ("my.py", "_base_ = None", "my.py:1: _base_ must be the path of a config, or a list of paths, got None"),
    ("my.py", "_base_ = [3]", "my.py:1: _base_ must be the path"),
    ("my.py", "_base_ = 'a\\0.py'", "my.py:1: _base_ must be the path"),
    ("my.py", "a = 1\n_base_ = 'x' * 5000 + '.py'", "my.py:2: The config 'xxx"),
    ("my.py", "_base_ = __import__('sys').exit(3)", "my.py:1: _base_ cannot be computed here: SystemExit: 3"),
    ("my.py", "a = 1\nm = dict(b=1, b=2)", "my.py:2: This is not valid Python: keyword argument repeated"),
    ("my.py", b"a = 1\nb = '\xe9'", "my.py:2: This is not UTF-8: byte 0xe9. Save the file as UTF-8"),
    ("my.py", b"a = 1\0", "This is not valid Python: source code string cannot contain null bytes"),
    ("my.py", "a = " + "-" * 100_000 + "1", "my.py"),
    (
        "my.py",
        "m = dict(b=1)\nm['c'] = dict(d=m)",
        "my.py:1: m.c.d cannot be part of a config: it contains itself",
    ),
    ("my.py", "h = [[]]\nh[0].append(h)", "my.py:1: h.0.0 cannot be part of a config: it contains itself"),
    ("my.py", "m = 1\nfor _ in range(9999):\n    m = dict(m=m)", "it is nested deeper than 100 levels"),
    ("my.py", "a = [1] * 9\nfor _ in range(40):\n    a = [a] * 9", "stands for more than 1,000,000 values"),
    (
        "my.py",
        "a = dict(b=10 ** 5000)",
        "my.py:1: a.b cannot be part of a config: it is a number of 16610 bits",
    ),
    ("my.py", "raise BaseException('no')", "my.py:1: BaseException: no"),
    ("my.py", "class E(Exception):\n    def __str__(self):\n        return 3\nraise E", "my.py:4: E"),
    ("my.py", "a = 1\nglobals()[3] = 4", "my.py: The key of a section must be a text, got 3"),
    (
        "my.py",
        "custom_imports = dict(imports=[3])",
        "my.py:1 (custom_imports): custom_imports must name modules",
    ),
    ("my.py", "custom_imports = 3", "my.py:1 (custom_imports): custom_imports must name modules, got 3"),
    ("my.yaml", _BOMB, "writing them out would never end"),
    ("my.yaml", _MERGED, "writing them out would never end"),
    (
        "my.yaml",
        "a: 1\nb: 2020-13-45",
        "my.yaml:2: This is not valid YAML: ValueError: month must be in 1..12",
    ),
    ("my.yaml", "[" * 5000 + "]" * 5000, "my.yaml: This is not readable YAML: it is nested too deeply"),
    ("my.yaml", b"a: b\0c", "my.yaml: This is not valid YAML: ReaderError: unacceptable character"),
    ("my.yaml", "_base_: null", "my.yaml:1: _base_ must be the path"),
    ("my.yaml", "_base_: {a: 1}", "my.yaml:1: _base_ must be the path"),
    ("my.yaml", "a: 1\n3: 4", "my.yaml:2: The key of a section must be a text, got 3. Put it in quotes"),
    ("my.json", '{"a":' * 100_000 + "1" + "}" * 100_000, "my.json: This is nested too deeply for JSON"),
    ("my.json", '{"a":' * 300 + "1" + "}" * 300, "it is nested deeper than 100 levels"),
    ("my.json", '{"a": ' + "9" * 5000 + "}", "my.json"),
    ("my.json", '{"_base_": 3}', "my.json:1: _base_ must be the path"),
]


@pytest.mark.parametrize(("name", "content", "message"), ODD, ids=range(len(ODD)))
def test_one_sentence(name, content, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as caught:
        Config.fromfile(name)
    text = str(caught.value)
    assert message in text
    assert "\n" not in text
    assert len(text) < 700


def test_what_is_no_file_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("my.py")
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    for name in ("my.py", "zero.py"):
        with pytest.raises(ConfigError, match=f"'{name}' is a pipe or a device, no file"):
            Config.fromfile(name)


def test_a_mark_in_front_of_utf8_is_no_part_of_a_config(tmp_path):
    for name, text in (("a.py", "a = 1"), ("a.yaml", "a: 1"), ("a.json", '{"a": 1}')):
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
        assert Config.fromfile(tmp_path / name).to_dict() == {"a": 1}
