"""Config files that are no config: one sentence with file and line, in bounded time and memory."""

from __future__ import annotations

import os

import pytest

from mmpretrain.config import Config, parse_options
from mmpretrain.config.bounds import MAX_DEPTH, check_bounds
from mmpretrain.config.pretty import to_python
from mmpretrain.config.validate import validate
from mmpretrain.errors import ConfigError

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
    ("my.yaml", "[" * 5000 + "]" * 5000, "my.yaml: This is nested too deeply for YAML"),
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


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("a=" + "[" * 3000 + "]" * 3000, "More than 100 brackets inside of each other in 'a=[["),
        (".".join("a" * 3000) + "=1", "has more than 100 parts"),
        ("param_scheduler.x=1", "param_scheduler is a list: 'x' is no index into it"),
        ("a" * 5000, "An option is KEY=VALUE, got 'aaa"),
    ],
)
def test_odd_options(option, message):
    cfg = Config({"param_scheduler": [1]})
    with pytest.raises(ConfigError) as caught:
        cfg.merge_from_dict(parse_options([option]))
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_dict_in_an_option_may_be_wrong_in_any_way():
    assert parse_options(["a={[]:1}", "b={'x': f()}"]) == {"a": "{[]:1}", "b": "{'x': f()}"}


def test_configs_from_python_are_bounded_too():
    values: dict = {"a": {}}
    values["a"]["b"] = values
    with pytest.raises(ConfigError, match=r"a\.b cannot be part of a config: it contains itself"):
        Config(values)
    shared = {"x": 1}
    check_bounds({"a": shared, "b": [shared, shared]}, None)


def test_deep_values_are_written_in_linear_time():
    value: list = []
    for _ in range(MAX_DEPTH - 5):
        value = [value]
    text = to_python({"a": value})
    scope: dict = {}
    exec(text, scope)
    assert scope["a"] == value


@pytest.mark.parametrize(
    "line",
    [
        "model = dict(type=['ResNet'])",
        "model = dict(type=dict(type='ResNet'))",
        "model = dict(type='os.path')",
        "model = dict(type='.ResNet')",
        "model = dict(type='...')",
        "model = dict(type='a\\0.b')",
        "class A:\n    def __repr__(self):\n        raise ValueError\nlog_level = A()",
        "val_evaluator = dict(type='SingleLabelMetric', items=3)",
        "val_evaluator = dict(type='Accuracy', topk=[None])",
        "default_hooks = dict(checkpoint=dict(type='CheckpointHook', save_best=3))",
        "val_dataloader = dict(dataset=dict(type=[1], data_root=3))",
        "train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=float('nan'))",
    ],
)
def test_check_goes_on(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.py").write_text(line)
    problems = validate(Config.fromfile("my.py"))
    assert problems
    assert all(str(problem).startswith("my.py") for problem in problems)
