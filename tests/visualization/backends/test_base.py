"""Tests of :mod:`mmpretrain.visualization.backends.base`."""

from __future__ import annotations

import json
import os
import sys

import pytest

from mmpretrain.errors import OptionalDependencyError
from mmpretrain.registry import VISBACKENDS
from mmpretrain.visualization import BaseVisBackend, Visualizer, force_init_env

PACKAGES = {
    "TensorboardVisBackend": "tensorboard",
    "WandbVisBackend": "wandb",
    "MLflowVisBackend": "mlflow",
    "ClearMLVisBackend": "clearml",
    "NeptuneVisBackend": "neptune",
    "DVCLiveVisBackend": "dvclive",
    "AimVisBackend": "aim",
}


@pytest.mark.parametrize("name", ["LocalVisBackend", *PACKAGES])
def test_nothing_happens_before_the_first_record(name, tmp_path):
    backend = VISBACKENDS.build(dict(type=name, save_dir=str(tmp_path / "new")))
    backend.close()
    assert not backend.is_open
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", PACKAGES)
def test_a_missing_package_is_named(name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, PACKAGES[name], None)
    backend = VISBACKENDS.build(dict(type=name, save_dir=str(tmp_path)))
    with pytest.raises(OptionalDependencyError, match=f"{name} needs {PACKAGES[name]}.*pip install"):
        backend.add_scalar("a", 1.0)


def test_backend_of_1x():
    """A user's backend, written for MMEngine's base class."""

    class Printer(BaseVisBackend):
        def _init_env(self):
            self.lines: list = []

        @property
        @force_init_env
        def experiment(self):
            return self.lines

        @force_init_env
        def add_scalar(self, name, value, step=0, **kwargs):
            self.lines.append((name, value, step))

    backend = Printer("folder")
    backend.add_scalars({"a": 1, "b": 2}, step=5)
    assert backend.experiment == [("a", 1, 5), ("b", 2, 5)]
    with pytest.raises(NotImplementedError):
        BaseVisBackend("folder").open()


def test_all_backends_through_the_visualizer(tmp_path):
    visualizer = Visualizer(vis_backends=[dict(type="LocalVisBackend")], save_dir=str(tmp_path))
    visualizer.add_scalar("a", 1.0, 2)
    visualizer.close()
    assert json.loads((tmp_path / "vis_data" / "scalars.json").read_text()) == {"a": 1.0, "step": 2}
    assert os.listdir(tmp_path) == ["vis_data"]
    assert isinstance(visualizer.get_backend("LocalVisBackend"), BaseVisBackend)
