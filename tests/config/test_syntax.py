"""Tests of :mod:`mmpretrain.config.syntax`."""

from __future__ import annotations

import pytest

from mmpretrain.config import Config
from mmpretrain.errors import ConfigError, MissingFileError
from mmpretrain.registry import MODELS


def test_values_and_provenance(child):
    cfg = Config.fromfile(child)
    assert cfg.schedule == dict(lr=2.0, steps=[3, 9])
    assert cfg.renamed == dict(a=1)
    assert cfg.model.num_classes == 20
    assert list(cfg) == ["model", "schedule", "renamed", "optimizer_type", "copy_of_type"]
    assert cfg.source("model.num_classes").place == "family/child.py:10"
    assert cfg.source("model.type").place == "_base_/model.py:5"
    assert cfg.source("schedule.lr").place == "family/child.py:12"


def test_dump_writes_import_paths(child, tmp_path):
    cfg = Config.fromfile(child)
    assert cfg.to_dict()["model"] == dict(
        type="mmpretrain.models.LeNet5", num_classes=20, act="torch.nn.ReLU"
    )
    for suffix in (".py", ".yaml", ".json"):
        cfg.dump(tmp_path / f"out{suffix}")
        assert Config.fromfile(tmp_path / f"out{suffix}") == cfg


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
