"""Tests of :mod:`mmpretrain.cli.config`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mmpretrain.config import Config
from mmpretrain.errors import ConfigError
from tests.cli.config_cases import run


@pytest.fixture
def files(write):
    write("base.py", "model = dict(\n    type='A',\n    depth=50)\nlr = 1\n")
    write("mid.py", "_base_ = 'base.py'\nmodel = dict(depth=34)\n")
    write("top.py", "_base_ = 'mid.py'\n\nmodel = dict(depth=18)\nlist_ = [dict(a=2)]\n")


def test_show(files):
    assert run("config", "show", "top.py") == Config.fromfile("top.py").pretty_text
    assert run("config", "show", "top.py", "model.depth") == "18\n"
    assert "depth = 18" in run("config", "show", "top.py", "model")
    assert run("config", "show", "top.py", "list_.0.a", "--cfg-options", "list_.0.a=7") == "7\n"
    assert "model.depth = 18  # top.py:3" in run("config", "show", "top.py", "--sources")
    assert Config.fromstring(run("config", "show", "top.py", "--format", "yaml"), ".yaml") == Config.fromfile(
        "top.py"
    )


def test_explain(files):
    assert run("config", "explain", "top.py", "model.depth").splitlines() == [
        "model.depth = 18",
        "  set in top.py:3",
        "  before that 34 in mid.py:2",
        "  before that 50 in base.py:3",
    ]
    assert "model.type = 'A'  set in base.py:2" in run("config", "explain", "top.py", "model")
    assert "--cfg-options" in run("config", "explain", "top.py", "lr", "--cfg-options", "lr=2")
    with pytest.raises(ConfigError, match=r"model has no 'dept'. Did you mean 'depth'"):
        run("config", "explain", "top.py", "model.dept")


def test_diff(files):
    assert run("config", "diff", "mid.py", "top.py").splitlines() == [
        "- model.depth = 34  (mid.py:2)",
        "+ model.depth = 18  (top.py:3)",
        "+ list_.0.a = 2  (top.py:4)",
    ]
    assert "same values" in run("config", "diff", "mid.py", "mid.py")


def test_migrate(write, caplog):
    write(
        "old.py",
        "total_epochs = 5\noptimizer = dict(type='SGD', lr=0.1)\nlr_config = dict(policy='step', step=[3])\n",
    )
    run("config", "migrate", "old.py", "-o", "new.py")
    (record,) = caplog.records
    assert [line.split() for line in record.message.splitlines()[1:]] == [
        ["total_epochs", "(old.py:1)", "train_cfg.max_epochs"],
        ["lr_config", "(old.py:3)", "param_scheduler"],
        ["optimizer", "(old.py:2)", "optim_wrapper.optimizer"],
    ]
    caplog.clear()
    new = Config.fromfile("new.py")
    assert not caplog.records
    assert new == Config.fromfile("old.py", translate=True)
    assert new.param_scheduler == [dict(type="MultiStepLR", milestones=[3], by_epoch=True, gamma=0.1)]
    assert "Translated from old.py" in run("config", "migrate", "old.py")


def test_show_needs_no_torch():
    code = (
        "import sys; from mmpretrain.cli.main import app\n"
        "app(['config', 'show', 'resnet50_8xb32_in1k'], standalone_mode=False)\n"
        "assert not {'torch', 'numpy', 'cv2', 'yaml'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "type='ResNet'" in done.stdout
