"""Tests of :mod:`mmpretrain.engine.runner.trial`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mmpretrain.config import Config
from mmpretrain.engine.runner.trial import trial
from tests.finetuning.small import write_config, write_folder


@pytest.mark.parametrize("last", [False, True])
def test_weights_are_stored_as_in_the_run(tmp_path: Path, last: bool) -> None:
    cfg = Config.fromfile(write_config(tmp_path))
    data = str(write_folder(tmp_path / "data", {"a": 2, "b": 2}))
    pipeline = [{"type": "LoadImageFromFile"}, {"type": "PackInputs"}]
    cfg.train_dataloader = {
        "batch_size": 2,
        "dataset": {"type": "CustomDataset", "data_prefix": data, "pipeline": pipeline},
    }
    cfg.train_cfg, cfg.channels_last = {"by_epoch": True, "max_epochs": 1}, last
    cfg.optim_wrapper = {"optimizer": {"type": "SGD", "lr": 0.1}}
    with trial(cfg, "cpu") as run:
        stem = next(weight for weight in run.model.parameters() if weight.ndim == 4)
        assert stem.is_contiguous(memory_format=torch.channels_last) is last


def test_targets_are_normalised_as_in_the_run(tmp_path: Path) -> None:
    (tmp_path / "values.csv").write_text("path,value\na.png,100\nb.png,140\n")
    cfg = Config.fromfile(write_config(tmp_path))
    cfg.model.head = {"type": "RegressionHead", "in_channels": 64}
    cfg.train_dataloader = {
        "batch_size": 2,
        "dataset": {"type": "TableDataset", "ann_file": str(tmp_path / "values.csv"), "value": "value",
                    "label": None, "pipeline": []},
    }  # fmt: skip
    cfg.train_cfg = {"by_epoch": True, "max_epochs": 1}
    cfg.optim_wrapper = {"optimizer": {"type": "SGD", "lr": 0.1}}
    cfg.custom_hooks = [{"type": "mmpretrain.NormalizeTargetsHook"}]
    with trial(cfg, "cpu") as run:
        assert run.model.head.target_mean.tolist() == [120]
        assert run.model.head.target_std.tolist() == [20]
