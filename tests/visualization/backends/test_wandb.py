"""Tests of :mod:`mmpretrain.visualization.backends.wandb`."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmpretrain.registry import VISBACKENDS
from tests.visualization.backends.backend_cases import IMAGE, SCALARS, feed


def test_wandb_offline(tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.chdir(tmp_path)  # the source code below the working folder goes with the config
    backend = VISBACKENDS.build(
        dict(
            type="WandbVisBackend",
            save_dir=str(tmp_path / "runs"),
            init_kwargs=dict(mode="offline", project="test"),
            define_metric_cfg={"acc": "max"},
        )
    )
    backend.open()
    assert wandb.run is not None
    backend.add_scalars(SCALARS, step=1)
    assert {name: wandb.run.summary[name] for name in ("loss", "lr")} == {"loss": 0.5, "lr": 0.1}
    feed(backend, tmp_path)
    assert wandb.run is None
    files = list((tmp_path / "runs").rglob("*.wandb"))
    assert len(files) == 1
    (picture,) = files[0].parent.rglob("*.png")
    assert np.array_equal(np.array(Image.open(picture)), IMAGE)
