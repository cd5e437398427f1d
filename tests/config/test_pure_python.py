"""The pure-Python style: ``read_base()``, classes as types, and mixing with ``_base_``."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest

from mmpretrain.config import Config, LazyObject
from mmpretrain.errors import ConfigError, MissingFileError
from mmpretrain.registry import MODELS

BASE = """
    from mmpretrain.models import LeNet5
    from torch import nn

    model = dict(
        type=LeNet5,
        num_classes=10,
        act=nn.ReLU)
    schedule = dict(lr=1, steps=[3, 6])
"""
CHILD = """
    from mmengine.config import read_base

    with read_base():
        from .._base_.model import *
        from .._base_.extra import extra as renamed

    import math
    import torch.optim as optim

    model.update(dict(num_classes=20))
    schedule.steps[1] = 9
    schedule.merge(dict(lr=math.sqrt(4)))
    optimizer_type = optim.SGD
    copy_of_type = dict(type=LeNet5)
"""


@pytest.fixture
def child(write):
    write("_base_/model.py", BASE)
    write("_base_/extra.py", "extra = dict(a=1)\n")
    return write("family/child.py", CHILD)


def test_values_and_provenance(child):
    cfg = Config.fromfile(child)
    assert cfg.schedule == dict(lr=2.0, steps=[3, 9])
    assert cfg.renamed == dict(a=1)
    assert cfg.model.num_classes == 20
    assert list(cfg) == ["model", "schedule", "renamed", "optimizer_type", "copy_of_type"]
    assert cfg.source("model.num_classes").place == "family/child.py:10"
    assert cfg.source("model.type").place == "_base_/model.py:5"
    assert cfg.source("schedule.lr").place == "family/child.py:12"


def test_types_are_resolved_when_they_are_read(child):
    import torch

    from mmpretrain.models import LeNet5

    cfg = Config.fromfile(child)
    assert cfg.model.type is LeNet5
    assert cfg.model["act"] is torch.nn.ReLU
    assert {**cfg.model}["type"] is LeNet5
    assert cfg.optimizer_type is torch.optim.SGD
    assert isinstance(MODELS.build(cfg.copy_of_type), LeNet5)
    assert pickle.loads(pickle.dumps(cfg)) == copy.deepcopy(cfg) == cfg


def test_dump_writes_import_paths(child, tmp_path):
    cfg = Config.fromfile(child)
    assert cfg.to_dict()["model"] == dict(
        type="mmpretrain.models.LeNet5", num_classes=20, act="torch.nn.ReLU"
    )
    for suffix in (".py", ".yaml", ".json"):
        cfg.dump(tmp_path / f"out{suffix}")
        assert Config.fromfile(tmp_path / f"out{suffix}") == cfg


def test_loading_imports_nothing(child):
    code = (
        "import sys; from mmpretrain.config import Config\n"
        f"print(len(Config.fromfile({child!r}).pretty_text))\n"
        "assert not {'torch', 'mmpretrain.models', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=sys.path[0] or None)


def test_styles_mix_in_one_chain(child, write):
    write("plain.yaml", "runtime:\n  level: 1\n")
    write("old_style.py", "_base_ = ['family/child.py', 'plain.yaml']\nmodel = dict(num_classes=30)\n")
    write("new_style.py", "with read_base():\n    from .old_style import *\nmodel.extra = runtime.level\n")
    cfg = Config.fromfile(
        write(
            "both.py",
            """
            _base_ = 'new_style.py'
            with read_base():
                from ._base_.extra import extra
            model = dict(act={{_base_.model.extra}})
            """,
        )
    )
    assert (cfg.model.num_classes, cfg.model.act, cfg.extra) == (30, 1, dict(a=1))
    assert cfg.model.type is MODELS.get("LeNet5")


def test_packages_that_live_here_now_need_not_be_installed():
    assert LazyObject("mmengine.hooks.CheckpointHook").build().__name__ == "CheckpointHook"
    with pytest.raises(ConfigError, match=r"no module 'no_such_package'"):
        LazyObject("no_such_package.Thing").build()
    with pytest.raises(ConfigError, match=r"c.py:3: torch.nn has no 'ReLu'. Did you mean"):
        LazyObject("torch.nn.ReLu", "c.py:3").build()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("with read_base():\n    from .nowhere import *\n", r"c.py:2: There is no config 'nowhere.py'"),
        ("with read_base():\n    from ._base_.extra import b\n", r"c.py:2: ._base_.extra has no 'b'"),
        ("with read_base():\n    x = 1\n", r"c.py:2: .*belongs into read_base"),
        ("from ._base_.extra import extra\n", r"c.py:1: .*inside 'with read_base"),
        ("from torch import *\n", r"c.py:1: .*inside 'with read_base"),
        ("with read_base():\n    from nopackage import *\n", r"names no config of an installed package"),
    ],
)
def test_errors_name_the_line(child, write, text, message):
    with pytest.raises((ConfigError, MissingFileError), match=message) as info:
        Config.fromfile(write("c.py", text))
    assert info.value.where
