"""Tests of :mod:`mmpretrain.config.lazy`."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest

from mmpretrain.config import Config, LazyObject
from mmpretrain.errors import ConfigError
from mmpretrain.registry import MODELS


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


def test_loading_imports_nothing(child):
    code = (
        "import sys; from mmpretrain.config import Config\n"
        f"print(len(Config.fromfile({child!r}).pretty_text))\n"
        "assert not {'torch', 'mmpretrain.models', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=sys.path[0] or None)


def test_packages_that_live_here_now_need_not_be_installed():
    assert LazyObject("mmengine.hooks.CheckpointHook").build().__name__ == "CheckpointHook"
    with pytest.raises(ConfigError, match=r"no module 'no_such_package'"):
        LazyObject("no_such_package.Thing").build()
    with pytest.raises(ConfigError, match=r"c.py:3: torch.nn has no 'ReLu'. Did you mean"):
        LazyObject("torch.nn.ReLu", "c.py:3").build()
