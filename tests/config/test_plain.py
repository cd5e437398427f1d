"""What is dumped can be read again, whatever the config holds; what is lost is said."""

from __future__ import annotations

import collections
import copy
import decimal
import enum
import functools
import math
import threading
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from mmpretrain.config import Config
from mmpretrain.errors import ConfigError, CustomImportError

SUFFIXES = (".py", ".yaml", ".json")


class Colour(enum.Enum):
    RED = 1


class Name(str, enum.Enum):
    CAT = "cat"


Point = collections.namedtuple("Point", "x y")


class Thing:
    pass


def looped() -> dict:
    value: dict = {"a": 1}
    value["itself"] = value
    return value


#: A value -> what is read from Python, YAML and JSON after it was dumped. One value stands for all three.
VALUES = {
    "lambda": (lambda x: x, "test_plain.<lambda>"),
    "local class": (type("Local", (), {}), "test_plain.Local"),
    "class": (Thing, "test_plain.Thing"),
    "function": (math.hypot, "math.hypot"),
    "method": (Config.fromfile, "mmpretrain.config.config.Config.fromfile"),
    "object": (Thing(), "<test_plain.Thing>"),
    "partial": (functools.partial(max, 1, key=2), "functools.partial(max, 1, key=2)"),
    "tensor": (torch.tensor([[1.0, 2.0]]), [[1.0, 2.0]]),
    "parameter": (torch.nn.Parameter(torch.tensor(3.0)), 3.0),
    "large tensor": (torch.zeros(2000), "tensor of shape (2000,), torch.float32"),
    "dtype": (torch.float16, "torch.float16"),
    "array": (np.arange(3), [0, 1, 2]),
    "large array": (np.zeros((40, 40)), "array of shape (40, 40), float64"),
    "numpy float": (np.float32(0.5), 0.5),
    "numpy int": (np.int64(3), 3),
    "numpy bool": (np.bool_(True), True),
    "inf": (math.inf, math.inf),
    "-inf": (-math.inf, -math.inf),
    "set": ({"b", "a", 1}, ({"b", "a", 1}, {"b", "a", 1}, ["a", "b", 1])),
    "empty set": (set(), (set(), set(), [])),
    "frozenset": (frozenset({1}), ({1}, {1}, [1])),
    "bytes": (b"\xffa", (b"\xffa", b"\xffa", "\xffa")),
    "bytearray": (bytearray(b"a"), (b"a", b"a", "a")),
    "complex": (1 + 2j, (1 + 2j, "(1+2j)", "(1+2j)")),
    "range": (range(3), (range(3), "range(0, 3)", "range(0, 3)")),
    "path": (Path("/data/pets"), "/data/pets"),
    "enum": (Colour.RED, 1),
    "text enum": (Name.CAT, "cat"),
    "named tuple": (Point(1, 2), ((1, 2), (1, 2), [1, 2])),
    "deque": (collections.deque([1]), [1]),
    "ordered": (collections.OrderedDict(a=1), {"a": 1}),
    "proxy": (types.MappingProxyType({"a": 1}), {"a": 1}),
    "decimal": (decimal.Decimal("1.5"), "Decimal('1.5')"),
    "itself": (looped(), {"a": 1, "itself": None}),
    "keys": ({(1, 2): "a", Colour.RED: "b"}, ({(1, 2): "a", 1: "b"},) * 2 + ({"(1, 2)": "a", "1": "b"},)),
    "key object": ({Thing: 1}, {"test_plain.Thing": 1}),
}
#: Nothing of these is lost, in the kinds of files that can express them.
KEPT = {"class", "function", "method", "numpy float", "numpy int", "numpy bool", "inf", "-inf", "path",
        "named tuple", "deque", "ordered", "proxy", "bytearray", "key object"}  # fmt: skip


def strip(value):
    """Leave out the packages of this test's own names."""
    if isinstance(value, str):
        return value.replace("tests.config.test_plain", "test_plain")
    if isinstance(value, dict):
        return {strip(key): strip(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", VALUES)
def test_a_dump_can_be_read_again(name, suffix, tmp_path, caplog):
    value, expected = VALUES[name]
    if isinstance(expected, tuple):
        expected = expected[SUFFIXES.index(suffix)]
    cfg = Config()
    dict.__setitem__(cfg, "key", value)
    dict.__setitem__(cfg, "list", [1, value])
    cfg.dump(tmp_path / f"out{suffix}")
    again = Config.fromfile(tmp_path / f"out{suffix}")
    assert strip(again["key"]) == expected
    assert strip(again["list"][1]) == expected
    # A second dump is complete, and equal.
    caplog.clear()
    again.dump(tmp_path / f"twice{suffix}")
    assert (tmp_path / f"twice{suffix}").read_text() == (tmp_path / f"out{suffix}").read_text()
    assert not caplog.records


@pytest.mark.parametrize("name", VALUES)
def test_what_is_lost_is_said_once(name, tmp_path, caplog):
    cfg = Config()
    dict.__setitem__(cfg, "key", {"inner": VALUES[name][0]})
    for _ in range(2):
        cfg.dump(tmp_path / "out.json")
    said = [record.getMessage() for record in caplog.records]
    if name in KEPT - {"bytearray"}:
        assert said == []
    else:
        assert said
        assert all("key.inner" in text and "cannot be written as JSON" in text for text in said)
        assert len(said) == len(set(said))


def test_nan_is_kept(tmp_path):
    for suffix in SUFFIXES:
        Config(dict(a=math.nan)).dump(tmp_path / f"nan{suffix}")
        assert math.isnan(Config.fromfile(tmp_path / f"nan{suffix}").a)


def test_names_that_the_dump_uses_itself(tmp_path):
    cfg = Config({"dict": dict(a=dict(b=1)), "float": math.inf, "set": set(), "globals": 1, "not a name": 2})
    cfg.dump(tmp_path / "out.py")
    assert Config.fromfile(tmp_path / "out.py") == cfg


def test_the_place_is_said(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text("a = 1\nmodel = dict(\n    act=lambda x: x)\n")
    cfg = Config.fromfile("my.py")
    cfg.dump("out.yaml")
    (record,) = caplog.records
    assert record.getMessage() == (
        "my.py:3 (model.act): a lambda cannot be written as YAML: its name is written in its place"
    )


HELPERS = {
    "open file": "f = open(__file__)",
    "closed file": "with open(__file__) as f:\n    names = 1",
    "generator": "g = (i for i in range(3))",
    "iterator": "it = iter([1, 2])",
    "module": "import math as m",
    "module by name": "m = __import__('math')",
    "lambda": "f = lambda x: x",
    "function": "def f():\n    pass",
    "lock": "import threading\nlock = threading.Lock()",
    "map": "numbers = map(int, '123')",
}


@pytest.mark.parametrize("name", HELPERS)
def test_helpers_are_no_part_of_a_config(name, tmp_path):
    (tmp_path / "my.py").write_text(f"before = 1\n{HELPERS[name]}\nafter = 2\n")
    cfg = Config.fromfile(tmp_path / "my.py")
    assert set(cfg) - {"names"} == {"before", "after"}
    assert copy.deepcopy(cfg) == cfg


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("open(__file__)", "an open file"),
        ("(i for i in range(3))", "a generator"),
        ("iter([1])", "an iterator"),
        ("__import__('math')", "a module"),
    ],
)
def test_what_cannot_be_in_a_config_is_one_sentence(value, what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text(f"train = dict(\n    dataset=dict(\n        names=[1, {value}]))\n")
    with pytest.raises(ConfigError) as caught:
        Config.fromfile("my.py")
    assert str(caught.value).startswith(f"my.py:3 (train.dataset.names.1): {what} cannot be part of a config")
    assert caught.value.key == "train.dataset.names.1"


def test_what_exists_once_cannot_be_copied(tmp_path):
    cfg = Config(dict(a=dict(lock=threading.Lock())))
    with pytest.raises(
        ConfigError, match=r"test_plain.py:\d+ \(a.lock\): 'lock' of a config holds what cannot"
    ):
        copy.deepcopy(cfg)


def test_a_config_that_ends_python_is_a_mistake(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text("import sys\na = 1\nsys.exit(0)\n")
    with pytest.raises(ConfigError, match=r"my.py:3: The config ends Python, with exit code: 0"):
        Config.fromfile("my.py")


def test_a_custom_module_that_ends_python_is_a_mistake(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("ends_python.py").write_text("raise SystemExit(0)\n")
    Path("fails_to_import.py").write_text("1 / 0\n")
    Path("my.py").write_text("a = 1\ncustom_imports = dict(imports=['ends_python'])\n")
    with pytest.raises(CustomImportError, match=r"my.py:2 .*'ends_python' ends Python \(exit code 0\)"):
        Config.fromfile("my.py")
    Path("my.py").write_text("a = 1\ncustom_imports = dict(imports=['fails_to_import'])\n")
    with pytest.raises(ZeroDivisionError) as caught:
        Config.fromfile("my.py")
    assert caught.value.__notes__ == [
        "This was raised while 'fails_to_import' was imported, which my.py:2 (custom_imports) asks for."
    ]
