"""Tests of :mod:`mmpretrain.compat.v0.detect`."""

from __future__ import annotations

from mmpretrain.compat.v0 import is_old
from mmpretrain.config import Config
from tests.compat.v0.cases import load


def test_variables_of_1x_configs_are_left_alone():
    cfg = load(
        "optimizer = dict(type='SGD', lr=1)\noptim_wrapper = dict(optimizer=optimizer)\n"
        "seed = 5\ndata = 'x'\n"
    )
    assert cfg.optimizer == cfg.optim_wrapper.optimizer
    assert (cfg.seed, cfg.data) == (5, "x")


def test_the_folder_of_a_file_does_not_matter(write):
    """Tutorials put their configs among those of the zoo, and change some of these."""
    from mmpretrain.compat.v0 import detect
    from mmpretrain.utils.resources import resource_root

    zoo = resource_root() / "configs"
    assert not detect._is_leftover(str(zoo / "resnet" / "resnet18_8xb32_in1k.py"))
    changed = (zoo / "lenet" / "lenet5_mnist.py").read_text() + "total_epochs = 3\n"
    path = write("lenet5_mnist.py", changed.replace("'../_base_", f"'{zoo}/_base_"))
    assert Config.fromfile(path, translate=True).train_cfg.max_epochs == 3


def test_files_of_the_zoo_with_leftovers_are_listed():
    from mmpretrain.compat.v0 import detect
    from mmpretrain.utils.resources import resource_root

    for path in detect.LEFTOVERS:
        file = resource_root() / "configs" / path
        assert detect._is_leftover(str(file)), f"{path} has changed: its SHA-256 in LEFTOVERS is another one"
        if "_base_" not in path:
            assert not is_old(Config.fromfile(file))
